/** Signals between nodes without Redis: inside the process, or by LISTEN/NOTIFY of PostgreSQL. */
import pg from 'pg';
import type { Signals } from '../../registry/index.js';
import type { SqlDatabase } from './database.js';
import type { Warn } from './postgres.js';

const CHANNEL = 'gatehouse_changes';
/** Milliseconds between attempts to listen again. */
const RETRY = 1000;

/** For the embedded database, which has one process. */
export function localSignals(): Signals {
  const handlers = new Set<(message: string) => void>();
  return {
    publish: (message) => {
      for (const handler of handlers) queueMicrotask(() => handler(message));
      return Promise.resolve();
    },
    subscribe: (handler) => {
      handlers.add(handler);
    },
    close: () => {
      handlers.clear();
      return Promise.resolve();
    },
  };
}

class PostgresSignals implements Signals {
  readonly #url: string;
  readonly #database: SqlDatabase;
  readonly #warn: Warn;
  readonly #handlers = new Set<(message: string) => void>();
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(url: string, database: SqlDatabase, warn: Warn) {
    this.#url = url;
    this.#database = database;
    this.#warn = warn;
  }

  async publish(message: string): Promise<void> {
    try {
      await this.#database.query('SELECT pg_notify($1, $2)', [CHANNEL, message]);
    } catch (error) {
      this.#warn('a signal to the other nodes was not sent', error);
    }
  }

  subscribe(handler: (message: string) => void): void {
    this.#handlers.add(handler);
  }

  /** Listens, and keeps trying. Never throws. */
  async listen(): Promise<void> {
    if (this.#closed) return;
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      application_name: 'gatehouse signals',
    });
    this.#client = client;
    let over = false;
    const again = (error: unknown): void => {
      if (over) return;
      over = true;
      client.end().catch(() => undefined);
      if (this.#closed) return;
      this.#warn('the connection for signals broke; polling goes on', error);
      this.#retry = setTimeout(() => void this.listen(), RETRY);
      this.#retry.unref();
    };
    client.on('error', again);
    client.on('end', () => again(undefined));
    client.on('notification', (event) => {
      for (const handler of this.#handlers) handler(event.payload ?? '');
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      again(error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#handlers.clear();
    await this.#client?.end().catch(() => undefined);
  }
}

export async function postgresSignals(url: string, database: SqlDatabase, warn: Warn): Promise<Signals> {
  const signals = new PostgresSignals(url, database, warn);
  await signals.listen();
  return signals;
}

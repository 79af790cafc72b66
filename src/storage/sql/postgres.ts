/** PostgreSQL through a pool: connections, timeouts, transactions, advisory locks. Knows no table. */
import pg from 'pg';
import { NAMED_LOCK, sqlError } from './database.js';
import type { SqlDatabase, SqlQuery, TransactionOptions } from './database.js';

/** Milliseconds for a connection and for a statement outside of a transaction. */
const TIMEOUT = 5000;
/** A waiting writer may stand behind a large apply. */
const LOCK_WAIT = 30_000;
const TRANSACTION_STATEMENT = 15_000;
/** What the client grants over the server's own timeout, so that the server's answer comes first. */
const MARGIN = 500;

export type Warn = (message: string, detail: unknown) => void;

type Runner = Pick<pg.ClientBase, 'query'>;

async function run<R>(
  runner: Runner,
  text: string,
  params: readonly unknown[] | undefined,
  timeout: number,
): Promise<R[]> {
  try {
    // query_timeout is read by pg per query, though its types leave it out.
    const config = { text, query_timeout: timeout + MARGIN, ...(params ? { values: [...params] } : {}) };
    const result = (await runner.query(config)) as unknown as { rows?: R[] };
    return result.rows ?? [];
  } catch (error) {
    throw sqlError(error);
  }
}

class Transaction implements SqlQuery {
  readonly #client: pg.ClientBase;
  readonly #timeout: number;
  constructor(client: pg.ClientBase, timeout: number) {
    this.#client = client;
    this.#timeout = timeout;
  }
  query<R>(text: string, params: readonly unknown[] = []): Promise<R[]> {
    return run<R>(this.#client, text, params, this.#timeout);
  }
  async exec(text: string): Promise<void> {
    await run(this.#client, text, undefined, this.#timeout);
  }
  atomically<T>(work: (sql: SqlQuery) => Promise<T>): Promise<T> {
    return work(this);
  }
}

/** A pool of connections to one PostgreSQL. */
export class PostgresDatabase implements SqlDatabase {
  readonly #pool: pg.Pool;

  constructor(url: string, poolSize: number, warn: Warn) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: TIMEOUT,
      idleTimeoutMillis: 30_000,
      statement_timeout: TIMEOUT,
      keepAlive: true,
      application_name: 'gatehouse',
    });
    // An idle connection that breaks is replaced by the pool; without a listener the error would end the process.
    this.#pool.on('error', (error) => warn('a database connection broke', error));
    this.#pool.on('connect', (client) => {
      client.on('error', () => undefined);
    });
  }

  query<R>(text: string, params: readonly unknown[] = []): Promise<R[]> {
    return run<R>(this.#pool, text, params, TIMEOUT);
  }

  async exec(text: string): Promise<void> {
    await run(this.#pool as unknown as Runner, text, undefined, TIMEOUT);
  }

  atomically<T>(work: (sql: SqlQuery) => Promise<T>): Promise<T> {
    return this.transaction(work);
  }

  async transaction<T>(work: (sql: SqlQuery) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const client = await this.#connect();
    const timeout = options.statementTimeout ?? TRANSACTION_STATEMENT;
    let broken = true;
    try {
      const result = await this.#runTransaction(client, work, options, timeout);
      broken = false;
      return result;
    } catch (error) {
      // A connection whose rollback fails is in an unknown state and is thrown away.
      broken = await run(client, 'ROLLBACK', undefined, TIMEOUT).then(
        () => false,
        () => true,
      );
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async #runTransaction<T>(
    client: pg.PoolClient,
    work: (sql: SqlQuery) => Promise<T>,
    options: TransactionOptions,
    timeout: number,
  ): Promise<T> {
    const lockWait = options.lockWait ?? LOCK_WAIT;
    await run(client, `BEGIN; SET LOCAL statement_timeout = ${lockWait}`, undefined, TIMEOUT);
    if (options.lock !== undefined)
      await run(client, 'SELECT pg_advisory_xact_lock($1)', [options.lock], lockWait);
    await run(client, `SET LOCAL statement_timeout = ${timeout}`, undefined, TIMEOUT);
    const result = await work(new Transaction(client, timeout));
    await run(client, 'COMMIT', undefined, timeout);
    return result;
  }

  async exclusively<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    const client = await this.#connect();
    let broken = true;
    try {
      const lock = [NAMED_LOCK, name];
      const [row] = await run<{ got: boolean }>(
        client,
        'SELECT pg_try_advisory_lock($1, hashtext($2)) AS got',
        lock,
        TIMEOUT,
      );
      if (!row?.got) {
        broken = false;
        return undefined;
      }
      try {
        return await work();
      } finally {
        // Closing the connection gives the lock back too, when this statement fails.
        broken = await run(client, 'SELECT pg_advisory_unlock($1, hashtext($2))', lock, TIMEOUT).then(
          () => false,
          () => true,
        );
      }
    } finally {
      client.release(broken);
    }
  }

  /** Connections, and requests that wait for one. */
  figures(): { readonly total: number; readonly idle: number; readonly waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw sqlError(error);
    }
  }
}

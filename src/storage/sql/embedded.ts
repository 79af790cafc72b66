/** The embedded PostgreSQL (PGlite) in the data directory: one process, one connection. Knows no table. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { Transaction } from '@electric-sql/pglite';
import { sqlError } from './database.js';
import type { SqlDatabase, SqlQuery } from './database.js';
import { lockDirectory } from './directory_lock.js';

type Runner = Pick<Transaction, 'query' | 'exec'>;

async function run<R>(runner: Runner, text: string, params: readonly unknown[]): Promise<R[]> {
  try {
    return (await runner.query<R>(text, [...params])).rows;
  } catch (error) {
    throw sqlError(error);
  }
}

async function runAll(runner: Runner, text: string): Promise<void> {
  try {
    await runner.exec(text);
  } catch (error) {
    throw sqlError(error);
  }
}

function inTransaction(tx: Transaction): SqlQuery {
  const sql: SqlQuery = {
    query: <R>(text: string, params: readonly unknown[] = []) => run<R>(tx, text, params),
    exec: (text) => runAll(tx, text),
    atomically: (work) => work(sql),
  };
  return sql;
}

export class EmbeddedDatabase implements SqlDatabase {
  readonly #db: PGlite;
  readonly #unlock: () => Promise<void>;
  readonly #running = new Set<string>();

  constructor(db: PGlite, unlock: () => Promise<void>) {
    this.#db = db;
    this.#unlock = unlock;
  }

  query<R>(text: string, params: readonly unknown[] = []): Promise<R[]> {
    return run<R>(this.#db, text, params);
  }

  exec(text: string): Promise<void> {
    return runAll(this.#db, text);
  }

  atomically<T>(work: (sql: SqlQuery) => Promise<T>): Promise<T> {
    return this.transaction(work);
  }

  /** There is one connection, whose transactions run one at a time: the advisory locks of the options hold by themselves. */
  async transaction<T>(work: (sql: SqlQuery) => Promise<T>): Promise<T> {
    let failure: { error: unknown } | undefined;
    try {
      return await this.#db.transaction(async (tx) => {
        try {
          return await work(inTransaction(tx));
        } catch (error) {
          failure = { error };
          throw error;
        }
      });
    } catch (error) {
      if (failure) throw failure.error;
      throw sqlError(error);
    }
  }

  async exclusively<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#running.has(name)) return undefined;
    this.#running.add(name);
    try {
      return await work();
    } finally {
      this.#running.delete(name);
    }
  }

  async close(): Promise<void> {
    try {
      if (!this.#db.closed) await this.#db.close();
    } finally {
      await this.#unlock();
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A database that is made elsewhere and then renamed is whole or not there, whenever the process dies. */
async function createIfMissing(dataDir: string, directory: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (name.startsWith('db.init-')) await rm(join(dataDir, name), { recursive: true, force: true });
  }
  if (await exists(join(directory, 'PG_VERSION'))) return;
  if ((await exists(directory)) && (await readdir(directory)).length > 0) {
    throw new Error(
      `The embedded database in ${directory} is damaged: PG_VERSION is missing. ` +
        'Restore the directory from a backup, or move it away to start with an empty database.',
    );
  }
  const draft = join(dataDir, `db.init-${randomUUID()}`);
  const db = await PGlite.create({ dataDir: draft });
  await db.close();
  await rename(draft, directory);
}

/** Opens `dataDir`/db, making it when there is none. Throws with a sentence for people when it is in use or damaged. */
export async function openEmbedded(dataDir: string): Promise<EmbeddedDatabase> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const unlock = await lockDirectory(join(dataDir, 'db.lock'));
  const directory = join(dataDir, 'db');
  try {
    await createIfMissing(dataDir, directory);
    return new EmbeddedDatabase(await PGlite.create({ dataDir: directory }), unlock);
  } catch (error) {
    await unlock();
    if (error instanceof Error && error.message.startsWith('The embedded database')) throw error;
    throw new Error(`The embedded database in ${directory} cannot be opened; it may be damaged.`, {
      cause: error,
    });
  }
}

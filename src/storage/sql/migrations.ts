/** Brings the schema up to what this release needs. Forward only; each file runs once and never changes again. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MIGRATION_LOCK } from './database.js';
import type { SqlDatabase, SqlQuery } from './database.js';

/** Milliseconds: another node may be migrating a large table. */
const LIMIT = 600_000;

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

interface Applied {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/** The database was migrated by a newer release. */
export class SchemaTooNewError extends Error {
  override readonly name = 'SchemaTooNewError';
}

/** All migrations in `directory`, in order. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8');
      const checksum = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
      return { version: Number(name.slice(0, 4)), name, text, checksum };
    }),
  );
}

async function readApplied(sql: SqlQuery): Promise<Applied[]> {
  const [row] = await sql.query<{ there: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS there",
  );
  if (!row?.there) return [];
  return sql.query<Applied>('SELECT version, name, checksum FROM schema_migrations ORDER BY version');
}

function missing(known: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const newest = known.at(-1)?.version ?? 0;
  const ahead = applied.find((row) => row.version > newest);
  if (ahead) {
    throw new SchemaTooNewError(
      `The database has migration ${ahead.name}, which this release of Gatehouse does not know (its newest is ${newest}). ` +
        'Start the release that migrated the database, or a newer one; or restore a backup from before the migration.',
    );
  }
  const byVersion = new Map(applied.map((row) => [row.version, row]));
  for (const migration of known) {
    const row = byVersion.get(migration.version);
    if (row && row.checksum !== migration.checksum) {
      throw new Error(
        `Migration ${migration.name} was changed after the database had run it (as ${row.name}). ` +
          'Install an unmodified release of Gatehouse.',
      );
    }
  }
  return known.filter((migration) => !byVersion.has(migration.version));
}

/** Names of the migrations that the database still lacks. Throws {@link SchemaTooNewError}. */
export async function pendingMigrations(
  database: SqlDatabase,
  known: readonly Migration[],
): Promise<string[]> {
  return missing(known, await readApplied(database)).map((migration) => migration.name);
}

/** Runs what is missing, all or nothing, one node at a time; answers the names. Throws {@link SchemaTooNewError}. */
export function migrate(database: SqlDatabase, known: readonly Migration[]): Promise<string[]> {
  return database.transaction(
    async (sql) => {
      const todo = missing(known, await readApplied(sql));
      if (todo.length === 0) return [];
      await sql.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL,
        checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
      for (const migration of todo) {
        await sql.exec(migration.text);
        await sql.query('INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)', [
          migration.version,
          migration.name,
          migration.checksum,
        ]);
      }
      return todo.map((migration) => migration.name);
    },
    { lock: MIGRATION_LOCK, lockWait: LIMIT, statementTimeout: LIMIT },
  );
}

/** Opens the stores that the settings ask for. The only place that knows which driver stands behind a port. */
import { join } from 'node:path';
import { packageRoot } from '../lib/package_root.js';
import type { Durable, EphemeralStore, Signals } from '../registry/index.js';
import { measuredDatabase, measuredEphemeral, type ObserveOperation } from './measured.js';
import { openRedis } from './redis/index.js';
import type { SqlDatabase } from './sql/database.js';
import { durable } from './sql/durable.js';
import { openEmbedded } from './sql/embedded.js';
import { sqlEphemeral } from './sql/ephemeral.js';
import { migrate, pendingMigrations, readMigrations } from './sql/migrations.js';
import { PostgresDatabase } from './sql/postgres.js';
import { localSignals, postgresSignals } from './sql/signals.js';

export { SchemaTooNewError } from './sql/migrations.js';

export interface StorageOptions {
  /** PostgreSQL; without it the embedded database in `dataDir`. */
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly redisPrefix: string;
  readonly dataDir: string;
  readonly poolSize: number;
  /** Told of broken connections that are being mended; `detail` is an error for the log. */
  readonly onWarning: (message: string, detail: unknown) => void;
  readonly onOperation?: ObserveOperation;
}

/** Connections of the database pool, and requests that wait for one. */
export interface PoolFigures {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

export interface Storage {
  readonly durable: Durable;
  readonly ephemeral: EphemeralStore;
  readonly signals: Signals;
  readonly kind: 'embedded' | 'postgres' | 'postgres+redis';
  /** The figures of the moment; absent where there is no pool. */
  readonly pool?: () => PoolFigures;
  /** Runs the missing migrations; answers their names. Throws SchemaTooNewError. */
  migrate(): Promise<string[]>;
  /** Names of the missing migrations. Throws SchemaTooNewError. */
  pending(): Promise<string[]>;
  close(): Promise<void>;
}

type Parts = Pick<Storage, 'ephemeral' | 'signals' | 'kind'>;

async function openParts(database: SqlDatabase, options: StorageOptions): Promise<Parts> {
  const { databaseUrl, redisUrl, redisPrefix, onWarning } = options;
  if (databaseUrl !== undefined && redisUrl !== undefined) {
    return { ...(await openRedis(redisUrl, redisPrefix, onWarning)), kind: 'postgres+redis' };
  }
  const ephemeral = sqlEphemeral(database, (error) =>
    onWarning('expired short-lived data was not removed', error),
  );
  if (databaseUrl === undefined) return { ephemeral, signals: localSignals(), kind: 'embedded' };
  return { ephemeral, signals: await postgresSignals(databaseUrl, database, onWarning), kind: 'postgres' };
}

/**
 * Opens storage without migrating it. Throws when the embedded database is in use or damaged; a PostgreSQL or Redis that
 * is away shows at the first use instead.
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { databaseUrl, dataDir, poolSize, onWarning, onOperation = () => undefined } = options;
  const known = await readMigrations(join(packageRoot, 'migrations'));
  const database =
    databaseUrl === undefined
      ? await openEmbedded(dataDir)
      : new PostgresDatabase(databaseUrl, poolSize, onWarning);
  try {
    const parts = await openParts(database, options);
    return {
      ...parts,
      ephemeral: measuredEphemeral(parts.ephemeral, onOperation),
      durable: durable(measuredDatabase(database, onOperation)),
      ...(database instanceof PostgresDatabase ? { pool: () => database.figures() } : {}),
      migrate: () => migrate(database, known),
      pending: () => pendingMigrations(database, known),
      close: async () => {
        await parts.signals.close();
        await parts.ephemeral.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

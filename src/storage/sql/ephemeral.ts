/** Short-lived values in an unlogged SQL table, for installations without Redis. */
import type { EphemeralStore } from '../../registry/index.js';
import { bytes } from './database.js';
import type { SqlDatabase } from './database.js';

/** Milliseconds between two removals of what has expired, and most rows that one removes. */
const SWEEP_INTERVAL = 30_000;
const SWEEP_ROWS = 10_000;

/** Values, marks and counters do not meet, whatever their keys. */
const valueKey = (key: string): string => `v:${key}`;
const markKey = (key: string): string => `o:${key}`;
const counterKey = (key: string): string => `c:${key}`;

const LIFETIME = `clock_timestamp() + make_interval(secs => $2::integer)`;

async function insertOnce(
  database: SqlDatabase,
  key: string,
  ttl: number,
): Promise<{ first: boolean; epoch: number }> {
  const [row] = await database.query<{ first: boolean; epoch: number | null }>(
    `WITH mark AS (INSERT INTO ephemeral AS e (key, value, expires_at) VALUES ($1, ''::bytea, ${LIFETIME})
       ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE e.expires_at <= clock_timestamp()
       RETURNING 1)
     SELECT EXISTS (SELECT 1 FROM mark) AS first,
       (SELECT ceil(extract(epoch FROM started_at) * 1000)::float8 FROM ephemeral_epoch) AS epoch`,
    [markKey(key), ttl],
  );
  if (row?.epoch !== null && row?.epoch !== undefined) return { first: row.first, epoch: row.epoch };
  // The tables came up empty: the epoch begins now, by the clock of the database.
  await database.query(
    'INSERT INTO ephemeral_epoch (id, started_at) VALUES (1, clock_timestamp()) ON CONFLICT (id) DO NOTHING',
  );
  const [begun] = await database.query<{ epoch: number }>(
    'SELECT ceil(extract(epoch FROM started_at) * 1000)::float8 AS epoch FROM ephemeral_epoch',
  );
  return { first: row?.first ?? false, epoch: begun?.epoch ?? Date.now() };
}

function values(database: SqlDatabase): Pick<EphemeralStore, 'set' | 'get' | 'delete' | 'consume'> {
  return {
    set: async (key, value, ttl) => {
      await database.query(
        `INSERT INTO ephemeral (key, value, expires_at) VALUES ($1, $3, ${LIFETIME})
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at, consumed = false`,
        [valueKey(key), ttl, value],
      );
    },
    get: async (key) => {
      const [row] = await database.query<{ value: Uint8Array }>(
        'SELECT value FROM ephemeral WHERE key = $1 AND NOT consumed AND expires_at > clock_timestamp()',
        [valueKey(key)],
      );
      return row && bytes(row.value);
    },
    delete: async (key) => {
      const [row] = await database.query<{ live: boolean }>(
        'DELETE FROM ephemeral WHERE key = $1 RETURNING expires_at > clock_timestamp() AS live',
        [valueKey(key)],
      );
      return row?.live ?? false;
    },
    consume: async (key) => {
      const [won] = await database.query<{ value: Uint8Array }>(
        `UPDATE ephemeral SET consumed = true WHERE key = $1 AND NOT consumed AND expires_at > clock_timestamp()
         RETURNING value`,
        [valueKey(key)],
      );
      if (won) return { outcome: 'consumed', value: bytes(won.value) };
      const [used] = await database.query<{ value: Uint8Array }>(
        'SELECT value FROM ephemeral WHERE key = $1 AND consumed AND expires_at > clock_timestamp()',
        [valueKey(key)],
      );
      return used ? { outcome: 'replayed', value: bytes(used.value) } : { outcome: 'missing' };
    },
  };
}

/** `onSweepError` hears of removals that failed; they are tried again. */
export function sqlEphemeral(database: SqlDatabase, onSweepError: (error: unknown) => void): EphemeralStore {
  const sweep = async (): Promise<void> => {
    await database.query(
      `DELETE FROM ephemeral WHERE key IN (SELECT key FROM ephemeral WHERE expires_at <= clock_timestamp()
       ORDER BY expires_at LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED)`,
    );
  };
  const timer = setInterval(() => void sweep().catch(onSweepError), SWEEP_INTERVAL);
  timer.unref();
  return {
    ...values(database),
    insertOnce: (key, ttl) => insertOnce(database, key, ttl),
    beginEpoch: async (epoch) => {
      await database.query(
        'INSERT INTO ephemeral_epoch (id, started_at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING',
        [new Date(epoch)],
      );
    },
    increment: async (key, ttl) => {
      const [row] = await database.query<{ count: string }>(
        `INSERT INTO ephemeral AS e (key, value, count, expires_at) VALUES ($1, ''::bytea, 1, ${LIFETIME})
         ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN e.expires_at > clock_timestamp() THEN e.count + 1 ELSE 1 END,
         expires_at = CASE WHEN e.expires_at > clock_timestamp() THEN e.expires_at ELSE excluded.expires_at END
         RETURNING count::text AS count`,
        [counterKey(key), ttl],
      );
      return Number(row?.count ?? 1);
    },
    ping: async () => {
      await database.query('SELECT 1 FROM ephemeral_epoch');
    },
    warnings: () => Promise.resolve([]),
    close: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

/** Remembered answers to creates, in SQL; the answers are sealed before they come here. */
import type { IdempotencyRecord, IdempotencyStore } from '../../registry/index.js';
import { bytes } from './database.js';
import type { SqlQuery } from './database.js';

export function idempotencyStore(sql: SqlQuery): IdempotencyStore {
  return {
    get: async (actor, keyHash, now) => {
      const [row] = await sql.query<IdempotencyRecord>(
        `SELECT actor, key_hash AS "keyHash", request_hash AS "requestHash", sealed_response AS "sealedResponse",
         expires_at AS "expiresAt" FROM idempotency_keys WHERE actor = $1 AND key_hash = $2 AND expires_at > $3`,
        [actor, keyHash, now],
      );
      return (
        row && {
          ...row,
          keyHash: bytes(row.keyHash),
          requestHash: bytes(row.requestHash),
          sealedResponse: bytes(row.sealedResponse),
        }
      );
    },
    put: async (record) => {
      // The caller has looked for a live one under the write lock, so that what is replaced here has expired.
      await sql.query(
        `INSERT INTO idempotency_keys (actor, key_hash, request_hash, sealed_response, expires_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (actor, key_hash) DO UPDATE SET
         request_hash = excluded.request_hash, sealed_response = excluded.sealed_response, expires_at = excluded.expires_at`,
        [record.actor, record.keyHash, record.requestHash, record.sealedResponse, record.expiresAt],
      );
    },
    prune: async (now, limit) =>
      (
        await sql.query(
          `DELETE FROM idempotency_keys k USING (SELECT actor, key_hash FROM idempotency_keys WHERE expires_at <= $1
           ORDER BY expires_at LIMIT $2) d WHERE k.actor = d.actor AND k.key_hash = d.key_hash RETURNING k.actor`,
          [now, limit],
        )
      ).length,
  };
}

/** Signing keys and data keys in SQL; private parts arrive and leave sealed. */
import { GatehouseError } from '../../errors.js';
import type { DataKeyStore, SigningKeyStore, StoredDataKey, StoredSigningKey } from '../../keys/index.js';
import { bytes } from './database.js';
import type { SqlQuery } from './database.js';

const SIGNING = `kid, alg, phase, public_jwk AS "publicJwk", sealed_private AS "sealedPrivate",
  created_at AS "createdAt", activated_at AS "activatedAt", revoked_at AS "revokedAt"`;
const DATA = `id, purpose, wrapped, master_key_id AS "masterKeyId", created_at AS "createdAt"`;

const signingKey = (row: StoredSigningKey): StoredSigningKey => ({
  ...row,
  sealedPrivate: row.sealedPrivate === null ? null : bytes(row.sealedPrivate),
});
const dataKey = (row: StoredDataKey): StoredDataKey => ({ ...row, wrapped: bytes(row.wrapped) });

export function signingKeyStore(sql: SqlQuery): SigningKeyStore {
  return {
    list: async () =>
      (await sql.query<StoredSigningKey>(`SELECT ${SIGNING} FROM signing_keys ORDER BY created_at, kid`)).map(
        signingKey,
      ),
    insert: async (key) => {
      const [row] = await sql.query<StoredSigningKey>(
        `INSERT INTO signing_keys (kid, alg, phase, public_jwk, sealed_private, activated_at)
         VALUES ($1, $2, $3::text, $4::jsonb, $5, CASE WHEN $3::text = 'active' THEN clock_timestamp() END)
         RETURNING ${SIGNING}`,
        [key.kid, key.alg, key.phase, JSON.stringify(key.publicJwk), key.sealedPrivate],
      );
      if (!row) throw new GatehouseError('server_error', 'The key was not stored');
      return signingKey(row);
    },
    setPhase: async (kid, phase) =>
      (
        await sql.query(
          `UPDATE signing_keys SET phase = $2::text,
           activated_at = CASE WHEN $2::text = 'active' THEN clock_timestamp() ELSE activated_at END,
           revoked_at = CASE WHEN $2::text = 'revoked' THEN clock_timestamp() ELSE revoked_at END,
           sealed_private = CASE WHEN $2::text = 'revoked' THEN NULL ELSE sealed_private END
           WHERE kid = $1 RETURNING kid`,
          [kid, phase],
        )
      ).length > 0,
  };
}

export function dataKeyStore(sql: SqlQuery): DataKeyStore {
  return {
    list: async () =>
      (await sql.query<StoredDataKey>(`SELECT ${DATA} FROM data_keys ORDER BY created_at, id`)).map(dataKey),
    insert: async (key) => {
      const [row] = await sql.query<StoredDataKey>(
        `INSERT INTO data_keys (id, purpose, wrapped, master_key_id) VALUES ($1, $2, $3, $4) RETURNING ${DATA}`,
        [key.id, key.purpose, key.wrapped, key.masterKeyId],
      );
      if (!row) throw new GatehouseError('server_error', 'The key was not stored');
      return dataKey(row);
    },
  };
}

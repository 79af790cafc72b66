/** Client secrets in SQL: hashes only. */
import type { ClientSecret, ClientSecretStore } from '../../clients/index.js';
import { GatehouseError } from '../../errors.js';
import { bytes, chunks } from './database.js';
import type { SqlQuery } from './database.js';

const COLUMNS = `id, name, scheme, hash, pepper_id AS "pepperId", expires_at AS "expiresAt", created_at AS "createdAt",
  created_by AS "createdBy", last_used_at AS "lastUsedAt", last_used_from AS "lastUsedFrom"`;

const fromRow = (row: ClientSecret): ClientSecret => ({ ...row, hash: bytes(row.hash) });

export function clientSecretStore(sql: SqlQuery): ClientSecretStore {
  return {
    list: async (clientId) =>
      (
        await sql.query<ClientSecret>(
          `SELECT ${COLUMNS} FROM client_secrets WHERE client_id = $1 ORDER BY created_at, id`,
          [clientId],
        )
      ).map(fromRow),
    insert: async (secret) => {
      const [row] = await sql.query<ClientSecret>(
        `INSERT INTO client_secrets (id, client_id, name, scheme, hash, pepper_id, expires_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`,
        [
          secret.id,
          secret.clientId,
          secret.name,
          secret.scheme,
          secret.hash,
          secret.pepperId,
          secret.expiresAt,
          secret.createdBy,
        ],
      );
      if (!row) throw new GatehouseError('server_error', 'The secret was not stored');
      return fromRow(row);
    },
    setExpiry: async (clientId, secretId, expiresAt) =>
      (
        await sql.query(
          'UPDATE client_secrets SET expires_at = $3 WHERE client_id = $1 AND id = $2 RETURNING id',
          [clientId, secretId, expiresAt],
        )
      ).length > 0,
    delete: async (clientId, secretId) =>
      (
        await sql.query('DELETE FROM client_secrets WHERE client_id = $1 AND id = $2 RETURNING id', [
          clientId,
          secretId,
        ])
      ).length > 0,
    recordUses: async (uses) => {
      for (const chunk of chunks(uses)) {
        // A secret that occurs twice counts with its newest use.
        await sql.query(
          `UPDATE client_secrets s SET last_used_at = u.at, last_used_from = u.source FROM
           (SELECT DISTINCT ON (id) id, at, source FROM jsonb_to_recordset($1::jsonb)
            AS r (id text, at timestamptz, source text) ORDER BY id, at DESC) u
           WHERE s.id = u.id AND (s.last_used_at IS NULL OR s.last_used_at < u.at)`,
          [JSON.stringify(chunk.map((use) => ({ id: use.secretId, at: use.at, source: use.from })))],
        );
      }
    },
  };
}

/** APIs in SQL. */
import type { Api, ApiFields, ApiFilter, ApiStore } from '../../apis/index.js';
import { GatehouseError } from '../../errors.js';
import { containing } from './database.js';
import type { SqlQuery } from './database.js';

const COLUMNS = `audience, description, scopes, token_format AS "tokenFormat", token_ttl AS "tokenTtl",
  signing_alg AS "signingAlg", token_binding AS "tokenBinding", system, version,
  created_at AS "createdAt", updated_at AS "updatedAt"`;

function values(api: ApiFields): unknown[] {
  return [
    api.description,
    JSON.stringify(api.scopes),
    api.tokenFormat,
    api.tokenTtl,
    api.signingAlg,
    api.tokenBinding,
  ];
}

export function apiStore(sql: SqlQuery): ApiStore {
  return {
    get: async (audience) =>
      (await sql.query<Api>(`SELECT ${COLUMNS} FROM apis WHERE audience = $1`, [audience]))[0],
    getMany: (audiences) =>
      sql.query<Api>(`SELECT ${COLUMNS} FROM apis WHERE audience = ANY($1::text[])`, [[...audiences]]),
    list: (filter: ApiFilter, after, limit) =>
      sql.query<Api>(
        `SELECT ${COLUMNS} FROM apis WHERE ($1::text IS NULL OR audience ILIKE $1 OR description ILIKE $1)
         AND ($2::text IS NULL OR audience > $2) ORDER BY audience LIMIT $3`,
        [filter.q === undefined ? null : containing(filter.q), after ?? null, limit],
      ),
    all: () => sql.query<Api>(`SELECT ${COLUMNS} FROM apis ORDER BY audience`),
    insert: async (api) => {
      const [row] = await sql.query<Api>(
        `INSERT INTO apis (description, scopes, token_format, token_ttl, signing_alg, token_binding, audience, system)
         VALUES ($1, $2::jsonb, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`,
        [...values(api), api.audience, api.system],
      );
      if (!row) throw new GatehouseError('server_error', 'The API was not stored');
      return row;
    },
    update: async (audience, fields) => {
      const [row] = await sql.query<Api>(
        `UPDATE apis SET description = $1, scopes = $2::jsonb, token_format = $3, token_ttl = $4, signing_alg = $5,
         token_binding = $6, version = version + 1, updated_at = now() WHERE audience = $7 RETURNING ${COLUMNS}`,
        [...values(fields), audience],
      );
      if (!row) throw new GatehouseError('not_found', 'There is no such API');
      return row;
    },
    delete: async (audience) =>
      (await sql.query('DELETE FROM apis WHERE audience = $1 RETURNING audience', [audience])).length > 0,
  };
}

/** Grants in SQL. */
import type { Grant, GrantStore } from '../../clients/index.js';
import { chunks } from './database.js';
import type { SqlQuery } from './database.js';

const COLUMNS = `client_id AS "clientId", audience, scopes, created_at AS "createdAt", updated_at AS "updatedAt"`;

function putMany(
  root: SqlQuery,
  grants: readonly Pick<Grant, 'clientId' | 'audience' | 'scopes'>[],
): Promise<Grant[]> {
  return root.atomically(async (sql) => {
    const stored: Grant[] = [];
    for (const chunk of chunks(grants)) {
      const rows = chunk.map((grant) => ({
        client_id: grant.clientId,
        audience: grant.audience,
        scopes: [...new Set(grant.scopes)].sort(),
      }));
      stored.push(
        ...(await sql.query<Grant>(
          `INSERT INTO grants (client_id, audience, scopes)
           SELECT client_id, audience, scopes
           FROM jsonb_to_recordset($1::jsonb) AS r (client_id text, audience text, scopes text[])
           ON CONFLICT (client_id, audience) DO UPDATE SET scopes = excluded.scopes, updated_at = now()
           RETURNING ${COLUMNS}`,
          [JSON.stringify(rows)],
        )),
      );
    }
    return stored;
  });
}

function deleteMany(
  root: SqlQuery,
  grants: readonly Pick<Grant, 'clientId' | 'audience'>[],
): Promise<number> {
  return root.atomically(async (sql) => {
    let count = 0;
    for (const chunk of chunks(grants)) {
      const gone = await sql.query(
        `DELETE FROM grants g USING unnest($1::text[], $2::text[]) AS r (client_id, audience)
         WHERE g.client_id = r.client_id AND g.audience = r.audience RETURNING g.client_id`,
        [chunk.map((grant) => grant.clientId), chunk.map((grant) => grant.audience)],
      );
      count += gone.length;
    }
    return count;
  });
}

export function grantStore(sql: SqlQuery): GrantStore {
  return {
    list: (clientId) =>
      sql.query<Grant>(`SELECT ${COLUMNS} FROM grants WHERE client_id = $1 ORDER BY audience`, [clientId]),
    listMany: async (clientIds) => {
      const found: Grant[] = [];
      for (const chunk of chunks(clientIds)) {
        const page = await sql.query<Grant>(
          `SELECT ${COLUMNS} FROM grants WHERE client_id = ANY($1::text[]) ORDER BY client_id, audience`,
          [[...chunk]],
        );
        found.push(...page);
      }
      return found;
    },
    putMany: (grants) => putMany(sql, grants),
    deleteMany: (grants) => deleteMany(sql, grants),
  };
}

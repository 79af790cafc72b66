/** Revocations in SQL. */
import { GatehouseError } from '../../errors.js';
import type { Revocation, RevocationStore } from '../../revocations/index.js';
import { badCursor, decodeCursor, encodeCursor } from './database.js';
import type { SqlQuery } from './database.js';

const COLUMNS = `kind, subject, revoked_at AS "revokedAt", expires_at AS "expiresAt", reason, created_by AS "createdBy"`;

function position(after: string | undefined): (string | null)[] {
  if (after === undefined) return [null, null, null];
  const parts = decodeCursor(after, 3);
  if (Number.isNaN(Date.parse(parts[0] ?? ''))) throw badCursor();
  return parts;
}

export function revocationStore(sql: SqlQuery): RevocationStore {
  return {
    put: async (revocation) => {
      const [row] = await sql.query<Revocation>(
        `INSERT INTO revocations AS r (kind, subject, revoked_at, expires_at, reason, created_by)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, subject) DO UPDATE SET
         revoked_at = GREATEST(r.revoked_at, excluded.revoked_at), expires_at = GREATEST(r.expires_at, excluded.expires_at),
         reason = excluded.reason, created_by = excluded.created_by RETURNING ${COLUMNS}`,
        [
          revocation.kind,
          revocation.subject,
          revocation.revokedAt,
          revocation.expiresAt,
          revocation.reason,
          revocation.createdBy,
        ],
      );
      if (!row) throw new GatehouseError('server_error', 'The revocation was not stored');
      return row;
    },
    get: async (kind, subject) =>
      (
        await sql.query<Revocation>(`SELECT ${COLUMNS} FROM revocations WHERE kind = $1 AND subject = $2`, [
          kind,
          subject,
        ])
      )[0],
    live: (now) => sql.query<Revocation>(`SELECT ${COLUMNS} FROM revocations WHERE expires_at > $1`, [now]),
    list: async (filter, after, limit) => {
      const items = await sql.query<Revocation>(
        `SELECT ${COLUMNS} FROM revocations WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR subject = $2)
         AND ($3::text IS NULL OR (revoked_at, kind, subject) < ($3::text::timestamptz, $4::text, $5::text))
         ORDER BY revoked_at DESC, kind DESC, subject DESC LIMIT $6`,
        [filter.kind ?? null, filter.subject ?? null, ...position(after), limit + 1],
      );
      const last = items.length > limit ? items[limit - 1] : undefined;
      const next = last && encodeCursor([last.revokedAt.toISOString(), last.kind, last.subject]);
      return { items: items.slice(0, limit), next };
    },
    prune: async (now, limit) =>
      (
        await sql.query(
          `DELETE FROM revocations r USING (SELECT kind, subject FROM revocations WHERE expires_at <= $1
           ORDER BY expires_at LIMIT $2) d WHERE r.kind = d.kind AND r.subject = d.subject RETURNING r.subject`,
          [now, limit],
        )
      ).length,
  };
}

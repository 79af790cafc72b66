/** The change feed in SQL. Its order holds because only serialised write transactions append. */
import type { Change, ChangeLog } from '../../registry/index.js';
import { chunks } from './database.js';
import type { SqlQuery } from './database.js';

export function changeLog(sql: SqlQuery): ChangeLog {
  return {
    append: async (changes) => {
      for (const chunk of chunks(changes)) {
        await sql.query(
          `INSERT INTO changes (kind, id) SELECT r.kind, r.id
           FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS r (kind, id, n) ORDER BY r.n`,
          [chunk.map((change) => change.kind), chunk.map((change) => change.id)],
        );
      }
    },
    head: async () => {
      const [row] = await sql.query<{ head: string }>(
        'SELECT COALESCE(max(position), 0)::text AS head FROM changes',
      );
      return Number(row?.head ?? 0);
    },
    since: async (position, limit) => {
      // One statement, so that bounds and rows are of one moment.
      const rows = await sql.query<Change & { position: string | null; oldest: string; newest: string }>(
        `WITH bounds AS (SELECT COALESCE(min(position), 0)::text AS oldest, COALESCE(max(position), 0)::text AS newest FROM changes),
         page AS (SELECT position, kind, id FROM changes WHERE position > $1 ORDER BY position LIMIT $2)
         SELECT p.position::text AS position, p.kind, p.id, b.oldest, b.newest
         FROM bounds b LEFT JOIN page p ON true ORDER BY p.position`,
        [position, limit],
      );
      const oldest = Number(rows[0]?.oldest ?? 0);
      const newest = Number(rows[0]?.newest ?? 0);
      const changes = rows.flatMap((row) =>
        row.position === null ? [] : [{ kind: row.kind, id: row.id, position: Number(row.position) }],
      );
      // A reader ahead of the feed has seen another database: one restored from a backup since.
      return { changes, truncated: position > newest || oldest > position + 1 };
    },
    prune: async (before, limit) =>
      (
        await sql.query(
          `DELETE FROM changes WHERE position IN (SELECT position FROM changes
           WHERE at < $1 AND position < (SELECT max(position) FROM changes) ORDER BY position LIMIT $2) RETURNING position::text`,
          [before, limit],
        )
      ).length,
  };
}

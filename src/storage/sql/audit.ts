/** Audit events in SQL. */
import type { AuditActor, AuditEvent, AuditStore } from '../../audit/index.js';
import { badCursor, chunks, decodeCursor, encodeCursor } from './database.js';
import type { SqlQuery } from './database.js';

const RECORD = `id uuid, at timestamptz, type text, outcome text, actor_type text, actor_id text, subject_type text,
  subject_id text, client_id text, source_ip text, request_id text, trace_id text, reason text, before jsonb, after jsonb`;
const NAMES = RECORD.replace(/ (uuid|timestamptz|text|jsonb)/g, '');

type Row = Omit<AuditEvent, 'actor' | 'subject'> & {
  sequence: string;
  actorType: AuditActor['type'];
  actorId: string;
  subjectType: string;
  subjectId: string;
};

/**
 * What PostgreSQL takes as text: neither U+0000 nor half a character. Events carry words of strangers, and one that was
 * refused would hold up all that come after it.
 */
const storable = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/\0|\p{Surrogate}/gu, '\ufffd') : value;

function toRow(event: AuditEvent): Record<string, unknown> {
  return {
    id: event.id,
    at: event.at,
    type: event.type,
    outcome: event.outcome,
    actor_type: event.actor.type,
    actor_id: event.actor.id,
    subject_type: event.subject.type,
    subject_id: event.subject.id,
    client_id: event.clientId,
    source_ip: event.sourceIp,
    request_id: event.requestId,
    trace_id: event.traceId,
    reason: event.reason,
    before: event.before,
    after: event.after,
  };
}

function fromRow(row: Row): AuditEvent {
  return {
    id: row.id,
    at: row.at,
    type: row.type,
    outcome: row.outcome,
    actor: { type: row.actorType, id: row.actorId },
    subject: { type: row.subjectType, id: row.subjectId },
    clientId: row.clientId,
    sourceIp: row.sourceIp,
    requestId: row.requestId,
    traceId: row.traceId,
    reason: row.reason,
    before: row.before,
    after: row.after,
  };
}

function position(after: string | undefined): string | null {
  if (after === undefined) return null;
  const sequence = decodeCursor(after, 1)[0] ?? '';
  if (!/^\d{1,18}$/.test(sequence)) throw badCursor();
  return sequence;
}

export function auditStore(sql: SqlQuery): AuditStore {
  return {
    append: async (events) => {
      for (const chunk of chunks(events)) {
        await sql.query(
          `INSERT INTO audit_events (${NAMES}) SELECT ${NAMES} FROM jsonb_to_recordset($1::jsonb) AS r (${RECORD})
           ON CONFLICT (id) DO NOTHING`,
          [JSON.stringify(chunk.map(toRow), storable)],
        );
      }
    },
    list: async (filter, after, limit) => {
      const rows = await sql.query<Row>(
        `SELECT sequence::text, id, at, type, outcome, actor_type AS "actorType", actor_id AS "actorId",
         subject_type AS "subjectType", subject_id AS "subjectId", client_id AS "clientId", source_ip AS "sourceIp",
         request_id AS "requestId", trace_id AS "traceId", reason, before, after FROM audit_events
         WHERE ($1::text IS NULL OR type = $1) AND ($2::text IS NULL OR actor_id = $2)
         AND ($3::text IS NULL OR subject_id = $3) AND ($4::text IS NULL OR client_id = $4)
         AND ($5::text IS NULL OR outcome = $5) AND ($6::timestamptz IS NULL OR at >= $6)
         AND ($7::timestamptz IS NULL OR at < $7) AND ($8::text IS NULL OR sequence < $8::text::bigint)
         ORDER BY audit_events.sequence DESC LIMIT $9`,
        [
          filter.type ?? null,
          filter.actorId ?? null,
          filter.subjectId ?? null,
          filter.clientId ?? null,
          filter.outcome ?? null,
          filter.from ?? null,
          filter.to ?? null,
          position(after),
          limit + 1,
        ],
      );
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        items: rows.slice(0, limit).map(fromRow),
        next: last && encodeCursor([last.sequence]),
      };
    },
  };
}

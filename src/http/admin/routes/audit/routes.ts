/** The route of the audit record, and its shapes. */
import { z } from 'zod';
import { AUDIT_EVENT_TYPES } from '../../../../audit/index.js';
import { filterOf, moment, momentInput, pageOf, pageQuery, responseShape } from '../../components.js';
import { route } from '../../route.js';

const data = z.record(z.string(), z.unknown()).nullable();
const event = responseShape(
  'AuditEvent',
  z.strictObject({
    id: z.string(),
    at: moment,
    type: z.enum(AUDIT_EVENT_TYPES),
    outcome: z.enum(['success', 'failure']),
    actor: z.strictObject({ type: z.enum(['client', 'system', 'anonymous']), id: z.string() }),
    subject: z.strictObject({ type: z.string(), id: z.string() }),
    clientId: z.string().nullable(),
    sourceIp: z.string().nullable(),
    requestId: z.string().nullable(),
    traceId: z.string().nullable(),
    reason: z.string().nullable(),
    before: data,
    after: data,
  }),
);
const eventPage = pageOf('AuditEventPage', event);
const auditQuery = z.strictObject({
  ...pageQuery,
  type: z.enum(AUDIT_EVENT_TYPES).optional(),
  actorId: z.string().max(256).optional(),
  subjectId: z.string().max(512).optional(),
  clientId: z.string().max(128).optional(),
  outcome: z.enum(['success', 'failure']).optional(),
  from: momentInput.optional(),
  to: momentInput.optional().describe('Up to this moment, which does not count.'),
});

export const auditRoutes = [
  route('GET /audit', 'audit:read', {
    endpoint: 'audit',
    summary: 'Read the audit record, newest first',
    status: 200,
    query: auditQuery,
    response: eventPage,
    handle: ({ administration, query }) => administration.records.audit(filterOf(query), query),
  }),
];

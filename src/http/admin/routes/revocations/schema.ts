/** The shapes of revocations on the wire. */
import { z } from 'zod';
import { REVOCATION_KINDS } from '../../../../revocations/index.js';
import { moment, pageOf, pageQuery, requestShape, responseShape } from '../../components.js';

const subject = z.string().max(256);

export const revocationCreate = requestShape(
  'RevocationCreate',
  z.strictObject({
    kind: z
      .enum(REVOCATION_KINDS)
      .describe('One token, all tokens of a client up to now, or all tokens that a key signed.'),
    subject: subject.optional().describe('A jti, a client id or a kid.'),
    token: z
      .string()
      .max(16_384)
      .optional()
      .describe('With kind token: the token itself instead of its jti.'),
    reason: z.string().max(500).optional(),
  }),
  { kind: 'client', subject: 'c_Zm9vYmFyYmF6cXV4', reason: 'secret leaked' },
);
export const revocation = responseShape(
  'Revocation',
  z.strictObject({
    id: z.string().describe('`kind:subject`'),
    kind: z.enum(REVOCATION_KINDS),
    subject: z.string(),
    revokedAt: moment,
    expiresAt: moment.describe('When nothing that it concerns can be alive any more.'),
    reason: z.string(),
    createdBy: z.string(),
  }),
  {
    id: 'client:c_Zm9vYmFyYmF6cXV4',
    kind: 'client',
    subject: 'c_Zm9vYmFyYmF6cXV4',
    revokedAt: '2030-01-31T12:00:00.000Z',
    expiresAt: '2030-02-01T12:01:00.000Z',
    reason: 'secret leaked',
    createdBy: 'gatehouse-admin',
  },
);
export const revocationPage = pageOf('RevocationPage', revocation);
export const revocationParams = z.strictObject({ id: z.string().max(300).describe('`kind:subject`') });
export const revocationQuery = z.strictObject({
  ...pageQuery,
  kind: z.enum(REVOCATION_KINDS).optional(),
  subject: subject.optional(),
});

/** The shapes of client secrets on the wire. A stored secret has no shape that holds its value. */
import { z } from 'zod';
import { clientIdField } from '../../../../administration/index.js';
import { moment, momentInput, pageOf, requestShape, responseShape } from '../../components.js';

const name = z.string().max(200).describe('What it is for, e.g. the place where it is kept.');

export const secretCreate = requestShape(
  'SecretCreate',
  z
    .strictObject({
      name: name.optional(),
      expiresAt: momentInput.nullable().optional(),
      value: z.string().max(512).optional().describe('A secret chosen elsewhere, 8 to 256 characters.'),
      argon2: z
        .string()
        .max(512)
        .optional()
        .describe('The argon2id hash (PHC string) of a secret made elsewhere.'),
    })
    .describe('Without value and argon2 a secret is generated and shown once.'),
  { name: 'production', expiresAt: '2031-01-31T12:00:00Z' },
);
export const secretPatch = requestShape(
  'SecretPatch',
  z.strictObject({ expiresAt: momentInput.nullable().describe('null: never.') }),
  { expiresAt: '2031-01-31T12:00:00Z' },
);
export const secretRotate = requestShape(
  'SecretRotate',
  z.strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(31_536_000)
      .optional()
      .describe('For how long the former secrets still work. Default: 604800, a week.'),
    name: name.optional(),
  }),
  { overlapSeconds: 604_800 },
);

const secretFields = {
  id: z.string(),
  name: z.string(),
  scheme: z.enum(['hmac-sha256', 'argon2id']),
  expiresAt: moment.nullable(),
  createdAt: moment,
  createdBy: z.string(),
  lastUsedAt: moment.nullable(),
  lastUsedFrom: z.string().nullable(),
};
const secretExample = {
  id: 's_Zm9vYmFyYmF6cXV4',
  name: 'production',
  scheme: 'hmac-sha256',
  expiresAt: null,
  createdAt: '2030-01-31T12:00:00.000Z',
  createdBy: 'gatehouse-admin',
  lastUsedAt: null,
  lastUsedFrom: null,
};
export const clientSecret = z.string().describe('The secret itself. It is shown once and never again.');

export const secret = responseShape('Secret', z.strictObject(secretFields), secretExample);
export const newSecret = responseShape(
  'NewSecret',
  z.strictObject({ ...secretFields, clientSecret: clientSecret.optional() }),
  { ...secretExample, clientSecret: 'ghs_…' },
);
export const secretPage = pageOf('SecretPage', secret);
export const rotation = responseShape(
  'SecretRotation',
  z.strictObject({
    clientId: z.string(),
    clientSecret,
    secret,
    previous: z.array(secret).describe('Secrets that still work, with their new expiry.'),
  }),
);

export const secretParams = z.strictObject({ id: clientIdField, sid: z.string().max(64) });

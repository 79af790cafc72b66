/** The shapes of APIs on the wire. */
import { z } from 'zod';
import { apiFields, audienceField, descriptionField, scopeField } from '../../../../administration/index.js';
import { SIGNING_ALGS, TOKEN_BINDINGS, TOKEN_FORMATS } from '../../../../apis/index.js';
import { flag, moment, pageOf, pageQuery, requestShape, responseShape } from '../../components.js';

const scopes = z
  .array(z.strictObject({ name: scopeField, description: descriptionField.default('') }))
  .max(1000)
  .optional();
const example = {
  audience: 'https://api.example.com/orders',
  description: 'Orders of the shop',
  scopes: [{ name: 'orders:read', description: 'Read orders' }],
};

export const apiCreate = requestShape(
  'ApiCreate',
  z.strictObject({ audience: audienceField, ...apiFields, scopes }),
  example,
);
export const apiPatch = requestShape('ApiPatch', z.strictObject({ ...apiFields, scopes }), { tokenTtl: 300 });

export const api = responseShape(
  'Api',
  z.strictObject({
    audience: z.string(),
    description: z.string(),
    scopes: z.array(z.strictObject({ name: z.string(), description: z.string() })),
    tokenFormat: z.enum(TOKEN_FORMATS),
    tokenTtl: z.int().describe('Seconds.'),
    signingAlg: z.enum(SIGNING_ALGS),
    tokenBinding: z.enum(TOKEN_BINDINGS),
    system: z.boolean().describe('True for the APIs of Gatehouse itself, which cannot be changed.'),
    version: z.int().describe('The ETag, without its quotes.'),
    createdAt: moment,
    updatedAt: moment,
  }),
  {
    ...example,
    tokenFormat: 'jwt',
    tokenTtl: 600,
    signingAlg: 'ES256',
    tokenBinding: 'none',
    system: false,
    version: 1,
    createdAt: '2030-01-31T12:00:00.000Z',
    updatedAt: '2030-01-31T12:00:00.000Z',
  },
);
export const apiPage = pageOf('ApiPage', api);

export const apiParams = z.strictObject({ audience: audienceField });
export const apiQuery = z.strictObject({
  ...pageQuery,
  q: z.string().max(200).optional().describe('Part of the audience or description.'),
});
export const force = z.strictObject({
  force: flag.describe('Do it although clients hold grants that go away with it.'),
});

/** The shapes of clients on the wire. */
import { z } from 'zod';
import { audienceField, clientFields, clientIdField, nameField } from '../../../../administration/index.js';
import { SIGNING_ALGS } from '../../../../apis/index.js';
import { AUTH_METHODS, CLIENT_TYPES, GRANT_TYPES, TLS_SUBJECT_KINDS } from '../../../../clients/index.js';
import { moment, pageOf, pageQuery, requestShape, responseShape } from '../../components.js';
import { grant, grantInput } from '../grants/schema.js';
import { clientSecret, secret, secretCreate } from '../secrets/schema.js';

const { enabled, ...rest } = clientFields;

export const clientCreate = requestShape(
  'ClientCreate',
  z.strictObject({
    name: nameField,
    clientId: clientIdField.optional(),
    ...rest,
    enabled,
    grants: z.array(grantInput).max(1000).optional(),
    secret: secretCreate.optional(),
  }),
  {
    name: 'orders',
    ownerContact: 'orders-team@example.com',
    grants: [{ audience: 'https://api.example.com/inventory', scopes: ['inventory:read'] }],
  },
);
export const clientPatch = requestShape(
  'ClientPatch',
  z.strictObject({ name: nameField.optional(), ...clientFields }),
  { enabled: false },
);

const words = z.array(z.string());
const clientShape = {
  clientId: z.string(),
  name: z.string(),
  description: z.string(),
  ownerContact: z.string(),
  type: z.enum(CLIENT_TYPES),
  authMethods: z.array(z.enum(AUTH_METHODS)),
  grantTypes: z.array(z.enum(GRANT_TYPES)),
  redirectUris: words,
  postLogoutRedirectUris: words,
  backchannelLogoutUri: z.string().nullable(),
  idTokenAlg: z.enum(SIGNING_ALGS).or(z.string()).nullable(),
  pkce: z.enum(['required', 'optional']),
  jwks: z.strictObject({ keys: z.array(z.looseObject({ kty: z.string().optional() })) }).nullable(),
  jwksUri: z.string().nullable(),
  tlsSubject: z.strictObject({ kind: z.enum(TLS_SUBJECT_KINDS), value: z.string() }).nullable(),
  tokenTtl: z.int().nullable().describe('Seconds.'),
  allowedNetworks: words,
  serves: words,
  enabled: z.boolean(),
  system: z.boolean().describe('True for gatehouse-admin, which cannot be deleted.'),
  version: z.int().describe('The ETag, without its quotes. Changes with secrets and grants too.'),
  createdAt: moment,
  updatedAt: moment,
  createdBy: z.string(),
};
const clientExample = {
  clientId: 'c_Zm9vYmFyYmF6cXV4',
  name: 'orders',
  description: '',
  ownerContact: 'orders-team@example.com',
  type: 'service',
  authMethods: ['client_secret_basic', 'client_secret_post'],
  grantTypes: ['client_credentials'],
  redirectUris: [],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: null,
  idTokenAlg: null,
  pkce: 'required',
  jwks: null,
  jwksUri: null,
  tlsSubject: null,
  tokenTtl: null,
  allowedNetworks: [],
  serves: [],
  enabled: true,
  system: false,
  version: 1,
  createdAt: '2030-01-31T12:00:00.000Z',
  updatedAt: '2030-01-31T12:00:00.000Z',
  createdBy: 'gatehouse-admin',
};

export const client = responseShape('Client', z.strictObject(clientShape), clientExample);
const detail = { ...clientShape, secrets: z.array(secret), grants: z.array(grant) };
export const clientDetail = responseShape('ClientDetail', z.strictObject(detail));
export const newClient = responseShape(
  'NewClient',
  z.strictObject({ ...detail, clientSecret: clientSecret.optional() }),
);
export const clientPage = pageOf('ClientPage', client);

export const clientParams = z.strictObject({ id: clientIdField });
export const clientQuery = z.strictObject({
  ...pageQuery,
  q: z.string().max(200).optional().describe('Part of id, name or description.'),
  name: z.string().max(200).optional().describe('The name as a whole.'),
  enabled: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  type: z.enum(CLIENT_TYPES).optional(),
  audience: audienceField.optional().describe('Only clients that hold a grant for this API.'),
  serves: audienceField.optional().describe('Only clients that serve this API.'),
});

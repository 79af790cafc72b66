/** The shapes of requests to the admin API. What makes an entity valid is the domain's to say. */
import { z } from 'zod';
import { SIGNING_ALGS, TOKEN_BINDINGS, TOKEN_FORMATS } from '../../apis/index.js';
import { AUTH_METHODS, CLIENT_TYPES, GRANT_TYPES, TLS_SUBJECT_KINDS } from '../../clients/index.js';
import { REVOCATION_KINDS } from '../../revocations/index.js';

const text = (max: number): z.ZodString => z.string().max(max);
const texts = z.array(text(2000)).max(1000);
const scopes = z.array(text(128)).max(1000);
const moment = z.iso.datetime({ offset: true });
const isDate = moment.transform((value) => new Date(value));

const apiFields = {
  description: text(2000).optional(),
  tokenFormat: z.enum(TOKEN_FORMATS).optional(),
  tokenTtl: z.int().optional(),
  signingAlg: z.enum(SIGNING_ALGS).optional(),
  tokenBinding: z.enum(TOKEN_BINDINGS).optional(),
};
const scopeList = z
  .array(z.strictObject({ name: text(128), description: text(2000).default('') }))
  .max(1000)
  .optional();

export const apiPatch = z.strictObject({ ...apiFields, scopes: scopeList });
export const apiCreate = z.strictObject({ audience: text(512), ...apiFields, scopes: scopeList });

const clientFields = {
  description: text(2000).optional(),
  ownerContact: text(500).optional(),
  type: z.enum(CLIENT_TYPES).optional(),
  authMethods: z.array(z.enum(AUTH_METHODS)).max(10).optional(),
  grantTypes: z.array(z.enum(GRANT_TYPES)).max(10).optional(),
  redirectUris: texts.optional(),
  postLogoutRedirectUris: texts.optional(),
  backchannelLogoutUri: text(2000).nullable().optional(),
  idTokenAlg: z.enum(SIGNING_ALGS).nullable().optional(),
  pkce: z.enum(['required', 'optional']).optional(),
  jwks: z
    .strictObject({ keys: z.array(z.looseObject({ kty: text(20) })).max(100) })
    .nullable()
    .optional(),
  jwksUri: text(2000).nullable().optional(),
  tlsSubject: z
    .strictObject({ kind: z.enum(TLS_SUBJECT_KINDS), value: text(1000) })
    .nullable()
    .optional(),
  tokenTtl: z.int().nullable().optional(),
  allowedNetworks: texts.optional(),
  serves: texts.optional(),
  enabled: z.boolean().optional(),
};

const secretFields = {
  name: text(200).optional(),
  expiresAt: isDate.nullable().optional(),
  value: text(1024).optional(),
  argon2: text(512).optional(),
};
export const secretCreate = z.strictObject(secretFields);
export const secretPatch = z.strictObject({ expiresAt: isDate.nullable() });
export const secretRotate = z.strictObject({
  overlapSeconds: z.int().min(0).max(31_536_000).optional(),
  name: text(200).optional(),
});

export const grantInput = z.strictObject({ audience: text(512), scopes });
export const grantScopes = z.strictObject({ scopes });

export const clientPatch = z.strictObject({ name: text(200).optional(), ...clientFields });
export const clientCreate = z.strictObject({
  name: text(200),
  clientId: text(128).optional(),
  ...clientFields,
  grants: z.array(grantInput).max(1000).optional(),
  secret: secretCreate.optional(),
});

export const revocationCreate = z.strictObject({
  kind: z.enum(REVOCATION_KINDS),
  subject: text(256).optional(),
  token: text(16_384).optional(),
  reason: text(500).optional(),
});

export const applyDocument = z.strictObject({
  version: z.literal(1),
  apis: z
    .array(
      z.strictObject({
        audience: text(512),
        ...apiFields,
        scopes: z.record(text(128), text(2000)).optional(),
      }),
    )
    .max(10_000)
    .optional(),
  clients: z
    .array(
      z.strictObject({
        clientId: text(128).optional(),
        name: text(200),
        ...clientFields,
        grants: z.record(text(512), scopes).optional(),
      }),
    )
    .max(200_000)
    .optional(),
});
export const applyRequest = z.strictObject({
  document: applyDocument,
  dryRun: z.boolean().optional(),
  prune: z.boolean().optional(),
});

const page = { limit: z.coerce.number().int().min(1).max(200).default(50), cursor: text(1024).optional() };
export const apiQuery = z.strictObject({ ...page, q: text(200).optional() });
export const clientQuery = z.strictObject({
  ...page,
  q: text(200).optional(),
  name: text(200).optional(),
  enabled: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
  type: z.enum(CLIENT_TYPES).optional(),
  audience: text(512).optional(),
  serves: text(512).optional(),
});
export const revocationQuery = z.strictObject({
  ...page,
  kind: z.enum(REVOCATION_KINDS).optional(),
  subject: text(256).optional(),
});
export const auditQuery = z.strictObject({
  ...page,
  type: text(100).optional(),
  actorId: text(256).optional(),
  subjectId: text(512).optional(),
  clientId: text(128).optional(),
  outcome: z.enum(['success', 'failure']).optional(),
  from: isDate.optional(),
  to: isDate.optional(),
});
export const pageless = z.strictObject({ limit: page.limit, cursor: page.cursor });
export const grantRemoval = z.strictObject({ scope: text(4096).optional() });
export const nothing = z.strictObject({});

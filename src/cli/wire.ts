/**
 * What the CLI reads of the admin API's answers. Loose on purpose: a newer server may say more, and `--json` hands
 * everything on. Knows nothing of how answers are fetched or shown.
 */
import { z } from 'zod';

const words = z.array(z.string());
const moment = z.string();
const perhaps = moment.nullish();

export const apiShape = z.looseObject({
  audience: z.string(),
  description: z.string(),
  scopes: z.array(z.looseObject({ name: z.string(), description: z.string() })),
  tokenFormat: z.string(),
  tokenTtl: z.number(),
  signingAlg: z.string(),
  tokenBinding: z.string(),
  system: z.boolean(),
  version: z.number(),
});
export type ApiAnswer = z.infer<typeof apiShape>;

export const secretShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  scheme: z.string(),
  expiresAt: perhaps,
  createdAt: moment,
  lastUsedAt: perhaps,
  lastUsedFrom: z.string().nullish(),
});
export type SecretAnswer = z.infer<typeof secretShape>;

export const grantShape = z.looseObject({ clientId: z.string(), audience: z.string(), scopes: words });
export type GrantAnswer = z.infer<typeof grantShape>;

export const clientShape = z.looseObject({
  clientId: z.string(),
  name: z.string(),
  description: z.string(),
  ownerContact: z.string(),
  type: z.string(),
  authMethods: words,
  grantTypes: words,
  redirectUris: words,
  allowedNetworks: words,
  jwksUri: z.string().nullish(),
  tokenTtl: z.number().nullish(),
  serves: words,
  enabled: z.boolean(),
  system: z.boolean(),
  version: z.number(),
  createdAt: moment,
  createdBy: z.string(),
  secrets: z.array(secretShape).optional(),
  grants: z.array(grantShape).optional(),
  clientSecret: z.string().optional(),
});
export type ClientAnswer = z.infer<typeof clientShape>;

export const rotationShape = z.looseObject({
  clientId: z.string(),
  clientSecret: z.string(),
  secret: secretShape,
  previous: z.array(secretShape),
});

export const keyShape = z.looseObject({
  kid: z.string(),
  alg: z.string(),
  phase: z.string(),
  createdAt: moment,
  activatedAt: perhaps,
  revokedAt: perhaps,
});

export const revocationShape = z.looseObject({
  id: z.string(),
  kind: z.string(),
  subject: z.string(),
  revokedAt: moment,
  expiresAt: moment,
  reason: z.string(),
  createdBy: z.string(),
});

export const auditShape = z.looseObject({
  id: z.string(),
  at: moment,
  type: z.string(),
  outcome: z.string(),
  actor: z.looseObject({ type: z.string(), id: z.string() }),
  subject: z.looseObject({ type: z.string(), id: z.string() }),
  sourceIp: z.string().nullish(),
  reason: z.string().nullish(),
});
export type AuditAnswer = z.infer<typeof auditShape>;

export const pageShape = z.object({ items: z.array(z.unknown()), nextCursor: z.string().nullable() });

const changeShape = z.looseObject({
  kind: z.string(),
  id: z.string(),
  name: z.string().optional(),
  action: z.enum(['create', 'update', 'delete']),
  fields: z
    .record(z.string(), z.object({ from: z.unknown().optional(), to: z.unknown().optional() }))
    .default({}),
});
export type PlanChange = z.infer<typeof changeShape>;

export const planShape = z.object({
  changes: z.array(changeShape),
  summary: z.object({
    create: z.number(),
    update: z.number(),
    delete: z.number(),
    unchanged: z.number(),
  }),
});
export type Plan = z.infer<typeof planShape>;

export const applyShape = z.looseObject({ plan: planShape, applied: z.boolean() });
export const exportShape = z.object({ document: z.record(z.string(), z.unknown()) });

export const problemShape = z.looseObject({
  type: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  requestId: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
});

export const oauthErrorShape = z.looseObject({ error: z.string(), error_description: z.string().optional() });
export const tokenShape = z.looseObject({
  access_token: z.string(),
  token_type: z.string(),
  expires_in: z.number().optional(),
  scope: z.string().optional(),
});
export type TokenAnswer = z.infer<typeof tokenShape>;

export const metadataShape = z.looseObject({
  issuer: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string(),
  introspection_endpoint: z.string().optional(),
  revocation_endpoint: z.string().optional(),
});
export type Metadata = z.infer<typeof metadataShape>;

export const readinessShape = z.looseObject({
  status: z.string(),
  checks: z.record(
    z.string(),
    z.looseObject({ ok: z.boolean(), detail: z.string(), required: z.boolean().optional() }),
  ),
});

/**
 * The shapes in which APIs and clients are described by those who write them: over HTTP and in documents. What makes a
 * well-shaped API or client valid is said by the rules of src/apis and src/clients.
 */
import { z } from 'zod';
import { SIGNING_ALGS, TOKEN_BINDINGS, TOKEN_FORMATS, TOKEN_TTL_MAX, TOKEN_TTL_MIN } from '../apis/index.js';
import { AUTH_METHODS, CLIENT_TYPES, GRANT_TYPES, TLS_SUBJECT_KINDS } from '../clients/index.js';

const text = (max: number): z.ZodString => z.string().max(max);

export const audienceField = text(512).describe(
  'The audience: an absolute URI without fragment (RFC 8707 §2). It names the API and never changes.',
);
export const scopeField = text(128).describe('A scope token (RFC 6749 §3.3).');
export const scopesField = z.array(scopeField).max(1000);
export const descriptionField = text(1000).describe('Plain words.');
export const clientIdField = text(128).describe('Letters, digits and . _ ~ - ; made up when not given.');
export const nameField = text(200).describe('What people call the client.');
const ttlField = z.int().min(TOKEN_TTL_MIN).max(TOKEN_TTL_MAX);
const uris = z.array(text(2000)).max(100);

/** Fields of an API but its audience and scopes; each optional. */
export const apiFields = {
  description: descriptionField.optional(),
  tokenFormat: z.enum(TOKEN_FORMATS).optional().describe('Default: jwt.'),
  tokenTtl: ttlField.optional().describe('Lifetime of access tokens in seconds. Default: 600.'),
  signingAlg: z.enum(SIGNING_ALGS).optional().describe('JWS algorithm of access tokens. Default: ES256.'),
  tokenBinding: z
    .enum(TOKEN_BINDINGS)
    .optional()
    .describe('Required binding of tokens: DPoP (RFC 9449) or client certificate (RFC 8705). Default: none.'),
};

/** Public keys; that no private member is among them is checked by the rules. */
const jwksField = z.strictObject({ keys: z.array(z.record(text(64), z.unknown())).max(20) });
const tlsSubjectField = z.strictObject({ kind: z.enum(TLS_SUBJECT_KINDS), value: text(1000) });

/** Fields of a client but its id and name; each optional. */
export const clientFields = {
  description: descriptionField.optional(),
  ownerContact: text(200).optional().describe('Whom to call about it.'),
  type: z.enum(CLIENT_TYPES).optional().describe('Default: service.'),
  authMethods: z
    .array(z.enum(AUTH_METHODS))
    .max(AUTH_METHODS.length)
    .optional()
    .describe(
      'How it authenticates. Default: client_secret_basic and client_secret_post; none for spa and native.',
    ),
  grantTypes: z.array(z.enum(GRANT_TYPES)).max(GRANT_TYPES.length).optional(),
  redirectUris: uris.optional().describe('Compared exactly (RFC 9700 §2.1).'),
  postLogoutRedirectUris: uris.optional(),
  backchannelLogoutUri: text(2000).nullable().optional(),
  idTokenAlg: z.enum(SIGNING_ALGS).nullable().optional(),
  pkce: z.enum(['required', 'optional']).optional().describe('Default: required.'),
  jwks: jwksField.nullable().optional().describe('Public keys by value (RFC 7517 §5); excludes jwksUri.'),
  jwksUri: text(2000).nullable().optional().describe('Public keys by reference; excludes jwks.'),
  tlsSubject: tlsSubjectField.nullable().optional().describe('Certificate subject (RFC 8705 §2.1.2).'),
  tokenTtl: ttlField
    .nullable()
    .optional()
    .describe("Lifetime of its access tokens in seconds; the API's, where that is shorter."),
  allowedNetworks: z
    .array(text(64))
    .max(100)
    .optional()
    .describe('CIDR ranges from which it may authenticate; empty allows any.'),
  serves: z.array(audienceField).max(100).optional().describe('APIs whose resource server it is.'),
  enabled: z.boolean().optional().describe('Default: true.'),
};

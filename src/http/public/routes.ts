/** The endpoints of the public plane: token, introspection, revocation, JWKS and metadata. Bodies stay short; rules are the domain's. */
import type { AuditEventType, AuditRecorder } from '../../audit/index.js';
import {
  certificateThumbprint,
  readCredentials,
  type AuthenticatedClient,
  type ClientAuthenticator,
} from '../../authentication/index.js';
import { GatehouseError } from '../../errors.js';
import type { KeyRing } from '../../keys/index.js';
import type { Clock } from '../../lib/clock.js';
import {
  mayIntrospect,
  mayRevoke,
  type ActiveToken,
  type Confirmation,
  type DpopVerifier,
  type JwtSigner,
  type TokenInspector,
  type TokenIssuer,
} from '../../tokens/index.js';
import type { Metrics } from '../metrics.js';
import type { GatehouseContext } from '../request_context.js';
import { metadata, PATHS, type CertificateSupport } from './discovery.js';
import { jsonDocument, serveDocument } from './documents.js';
import { printable, readForm, type Form } from './form.js';

export interface PublicRouteParts {
  readonly issuer: string;
  readonly certificates: CertificateSupport;
  readonly bodyLimit: number;
  readonly authenticator: ClientAuthenticator;
  readonly tokens: TokenIssuer;
  readonly inspector: TokenInspector;
  readonly dpop: DpopVerifier;
  readonly jwt: JwtSigner;
  readonly keys: KeyRing;
  readonly audit: AuditRecorder;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Revokes one token for a client; resolves when this node knows. */
  readonly revokeToken: (token: ActiveToken, ctx: GatehouseContext, clientId: string) => Promise<void>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly endpoint: 'discovery' | 'jwks' | 'token' | 'introspection' | 'revocation';
  readonly handle: (ctx: GatehouseContext) => void | Promise<void>;
}

const METADATA_MAX_AGE = 300;
const JWKS_MAX_AGE = 300;

export function publicRoutes(parts: PublicRouteParts): Route[] {
  const document = jsonDocument(metadata(parts.issuer, parts.certificates));
  const discover = (ctx: GatehouseContext): void => serveDocument(ctx, document, METADATA_MAX_AGE);
  return [
    { method: 'GET', path: PATHS.openidConfiguration, endpoint: 'discovery', handle: discover },
    { method: 'GET', path: PATHS.authorizationServer, endpoint: 'discovery', handle: discover },
    {
      method: 'GET',
      path: PATHS.jwks,
      endpoint: 'jwks',
      handle: (ctx) => serveDocument(ctx, parts.keys.jwks, JWKS_MAX_AGE),
    },
    { method: 'POST', path: PATHS.token, endpoint: 'token', handle: (ctx) => token(ctx, parts) },
    {
      method: 'POST',
      path: PATHS.introspection,
      endpoint: 'introspection',
      handle: (ctx) => introspect(ctx, parts),
    },
    { method: 'POST', path: PATHS.revocation, endpoint: 'revocation', handle: (ctx) => revoke(ctx, parts) },
  ];
}

async function authenticate(
  ctx: GatehouseContext,
  form: Form,
  parts: PublicRouteParts,
): Promise<AuthenticatedClient> {
  const { state } = ctx;
  const credentials = readCredentials(ctx.req.headers.authorization, form);
  state.event.clientId = printable(credentials.clientId);
  state.event.authMethod = credentials.method;
  const authenticated = await parts.authenticator.authenticate({
    credentials,
    clientIp: state.clientIp,
    requestId: state.requestId,
    traceId: state.traceId,
    certificate: () => state.certificate(),
  });
  state.event.authMethod = authenticated.method;
  return authenticated;
}

/** Token endpoint (RFC 6749 §4.4). What cannot be recorded is not issued. */
async function token(ctx: GatehouseContext, parts: PublicRouteParts): Promise<void> {
  const form = await readForm(ctx.req, parts.bodyLimit);
  const grantType = form.get('grant_type');
  let clientId: string | null = null;
  try {
    // Before an assertion or a proof is used up: what is answered with 503 can be sent again as it is.
    parts.audit.assertRecording();
    parts.tokens.assertCurrent();
    const { client, method } = await authenticate(ctx, form, parts);
    clientId = client.id;
    if (grantType === undefined) throw new GatehouseError('invalid_request', 'grant_type is missing');
    if (grantType !== 'client_credentials') {
      throw new GatehouseError(
        'unsupported_grant_type',
        'this server serves the grant type client_credentials',
      );
    }
    if (method === 'none')
      throw new GatehouseError(
        'unauthorized_client',
        'a public client may not use client_credentials (RFC 6749 section 4.4)',
      );
    const confirmation = await confirm(ctx, parts, method.endsWith('tls_client_auth'));
    const issued = await parts.tokens.clientCredentials({
      client,
      resource: form.get('resource'),
      scope: form.get('scope'),
      confirmation,
    });
    const { claims } = issued;
    Object.assign(ctx.state.event, {
      grantType,
      audience: claims.aud,
      scope: claims.scope,
      tokenFormat: issued.format,
    });
    record(ctx, parts, 'token.issued', {
      clientId,
      subject: claims.jti,
      reason: null,
      after: {
        audience: claims.aud,
        scope: claims.scope ?? '',
        expiresAt: claims.exp,
        format: issued.format,
      },
    });
    parts.metrics.token('client_credentials', issued.format, 'issued');
    answer(ctx, {
      access_token: issued.accessToken,
      token_type: issued.tokenType,
      expires_in: issued.expiresIn,
      ...(claims.scope === undefined ? {} : { scope: claims.scope }),
    });
  } catch (error) {
    refusedToken(ctx, parts, error, clientId, grantType);
    throw error;
  }
}

function refusedToken(
  ctx: GatehouseContext,
  parts: PublicRouteParts,
  error: unknown,
  clientId: string | null,
  grantType: string | undefined,
): void {
  const away = error instanceof GatehouseError && error.code === 'temporarily_unavailable';
  parts.metrics.token(
    grantType === 'client_credentials' ? grantType : 'other',
    'none',
    away ? 'unavailable' : 'refused',
  );
  // Failed authentications are recorded by the authenticator.
  if (clientId === null || !(error instanceof GatehouseError) || away) return;
  const type = error.code === 'invalid_dpop_proof' ? 'token.replayed_proof' : 'token.refused';
  record(ctx, parts, type, {
    clientId,
    subject: clientId,
    reason: `${error.code}: ${error.message}`,
    after: null,
  });
}

/** The sender constraint that the request proves: a DPoP key (RFC 9449) or a client certificate (RFC 8705 §3). */
async function confirm(
  ctx: GatehouseContext,
  parts: PublicRouteParts,
  byCertificate: boolean,
): Promise<Confirmation> {
  const proof = ctx.req.headers.dpop;
  if (typeof proof === 'string') {
    return parts.dpop.verify({ proof, method: 'POST', url: parts.issuer + PATHS.token });
  }
  const certificate = parts.certificates.shown ? ctx.state.certificate() : undefined;
  if (certificate && (byCertificate || certificate.chainVerified)) {
    return { 'x5t#S256': certificateThumbprint(certificate.x509) };
  }
  return {};
}

const SIGNED_TYPE = 'application/token-introspection+jwt';

/** Negotiated (RFC 9110 §12.5.1); plain JSON for all that do not ask for it by name, and the short way for them. */
function wantsSigned(ctx: GatehouseContext): boolean {
  const accept = ctx.req.headers.accept?.toLowerCase();
  if (accept === undefined || !accept.includes('token-introspection+jwt')) return false;
  return accept === SIGNED_TYPE || ctx.accepts('application/json', SIGNED_TYPE) === SIGNED_TYPE;
}

/** Introspection (RFC 7662; signed: RFC 9701). All that is not active, or not the caller's to know, gets the same answer. */
async function introspect(ctx: GatehouseContext, parts: PublicRouteParts): Promise<void> {
  const form = await readForm(ctx.req, parts.bodyLimit);
  const { client, method } = await authenticate(ctx, form, parts);
  if (method === 'none')
    throw new GatehouseError('invalid_client', 'a public client may not introspect tokens');
  const found = await parts.inspector.inspect(required(form, 'token'));
  const allowed = found && mayIntrospect(client, found.claims) ? found : undefined;
  parts.metrics.introspection(allowed ? 'active' : 'inactive');
  const result = allowed
    ? { active: true, ...allowed.claims, token_type: allowed.claims.cnf?.jkt ? 'DPoP' : 'Bearer' }
    : { active: false };
  if (!wantsSigned(ctx)) {
    answer(ctx, result);
    return;
  }
  const iat = Math.floor(parts.clock.now() / 1000);
  const signed = await parts.jwt.sign('ES256', 'token-introspection+jwt', {
    iss: parts.issuer,
    aud: client.id,
    iat,
    token_introspection: result,
  });
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Content-Type', SIGNED_TYPE);
  ctx.body = signed;
}

/** Revocation (RFC 7009). An unknown or dead token is no error; a live one of somebody else is refused. */
async function revoke(ctx: GatehouseContext, parts: PublicRouteParts): Promise<void> {
  const form = await readForm(ctx.req, parts.bodyLimit);
  const { client } = await authenticate(ctx, form, parts);
  const found = await parts.inspector.inspect(required(form, 'token'));
  if (found) {
    if (!mayRevoke(client, found.claims)) {
      throw new GatehouseError(
        'unauthorized_client',
        'the token belongs to another client, and this client does not serve its audience',
      );
    }
    await parts.revokeToken(found, ctx, client.id);
  }
  // No body and no content type: a widely used browser client throws at text/plain.
  ctx.set('Cache-Control', 'no-store');
  ctx.status = 200;
  ctx.res.statusMessage = 'OK';
  ctx.body = Buffer.alloc(0);
  ctx.remove('Content-Type');
}

function required(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw new GatehouseError('invalid_request', `${name} is missing`);
  return value;
}

function answer(ctx: GatehouseContext, body: object): void {
  const text = JSON.stringify(body);
  ctx.status = 200;
  ctx.set('Content-Type', 'application/json; charset=utf-8');
  ctx.set('Cache-Control', 'no-store');
  ctx.body = text;
}

function record(
  ctx: GatehouseContext,
  parts: PublicRouteParts,
  type: AuditEventType,
  what: { clientId: string; subject: string; reason: string | null; after: Record<string, unknown> | null },
): void {
  const { state } = ctx;
  parts.audit.record({
    type,
    outcome: what.reason === null ? 'success' : 'failure',
    actor: { type: 'client', id: what.clientId },
    subject: { type: 'token', id: what.subject },
    clientId: what.clientId,
    sourceIp: state.clientIp,
    requestId: state.requestId,
    traceId: state.traceId,
    reason: what.reason,
    before: null,
    after: what.after,
  });
}

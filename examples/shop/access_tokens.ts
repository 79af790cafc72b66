/**
 * Checks the access tokens of callers: locally against the published keys (RFC 9068 §4), and where it matters centrally by
 * introspection (RFC 7662). Knows nothing of what the routes do.
 */
import type { IncomingMessage } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { Refusal } from './json_server.js';

export interface ResourceServerOptions {
  readonly issuer: string;
  /** The audience URI of this API. */
  readonly audience: string;
  /** Needed for introspection alone. */
  readonly clientId?: string;
  readonly clientSecret?: string;
}

interface Metadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly introspection_endpoint: string;
}

const TIMEOUT_MS = 5000;

const challenge = (error: string, rest = ''): Readonly<Record<string, string>> => ({
  'www-authenticate': `Bearer error="${error}"${rest}`,
});
const invalid = (why: string): Refusal => new Refusal(401, why, challenge('invalid_token'));

export class ResourceServer {
  readonly #options: ResourceServerOptions;
  readonly #metadata: Metadata;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;

  private constructor(options: ResourceServerOptions, metadata: Metadata) {
    this.#options = options;
    this.#metadata = metadata;
    // Fetches the keys at the first token, keeps them, and fetches again when a key is not among them.
    this.#keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
  }

  static async discover(options: ResourceServerOptions): Promise<ResourceServer> {
    const response = await fetch(`${options.issuer}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return new ResourceServer(options, (await response.json()) as Metadata);
  }

  /** The claims of the caller's token. @throws Refusal 401 without a good token, 403 without the scope */
  async require(request: IncomingMessage, scope: string): Promise<JWTPayload> {
    const token = bearer(request);
    const claims = await this.#verify(token);
    const scopes = typeof claims['scope'] === 'string' ? claims['scope'].split(' ') : [];
    if (scopes.includes(scope)) return claims;
    throw new Refusal(403, `${scope} is needed`, challenge('insufficient_scope', `, scope="${scope}"`));
  }

  /** Like {@link require}, and asks Gatehouse whether the token was revoked or its client disabled. */
  async requireActive(request: IncomingMessage, scope: string): Promise<JWTPayload> {
    const claims = await this.require(request, scope);
    if (await this.#isActive(bearer(request))) return claims;
    throw invalid('the token is no longer active');
  }

  async #verify(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer: this.#metadata.issuer,
        audience: this.#options.audience,
        typ: 'at+jwt',
        algorithms: ['ES256'],
        requiredClaims: ['exp', 'client_id'],
      });
      return payload;
    } catch (error) {
      // Keys that cannot be fetched say nothing about the token: that must not look like a refusal.
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout))
        throw invalid(error.code);
      throw new Refusal(503, 'the keys are not available', { 'retry-after': '2' });
    }
  }

  async #isActive(token: string): Promise<boolean> {
    const { clientId = '', clientSecret = '' } = this.#options;
    const response = await fetch(this.#metadata.introspection_endpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ token }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => undefined);
    if (response?.status !== 200)
      throw new Refusal(503, 'the token cannot be checked', { 'retry-after': '2' });
    return ((await response.json()) as { active: boolean }).active;
  }
}

function bearer(request: IncomingMessage): string {
  const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw new Refusal(401, 'a token is needed', { 'www-authenticate': 'Bearer' });
  return token;
}

/** Issues access tokens: RFC 9068 JWTs, which are stored nowhere, or opaque ones, stored by hash. */
import { createHash } from 'node:crypto';
import type { Api } from '../apis/index.js';
import type { RegisteredClient } from '../clients/index.js';
import { GatehouseError, unavailable } from '../errors.js';
import type { Clock } from '../lib/clock.js';
import { newTokenId, randomSlice } from '../lib/ids.js';
import type { ChangeFeed, Directory, EphemeralStore } from '../registry/index.js';
import type { JwtSigner } from './jwt.js';
import { resolveTarget } from './target.js';
import { OPAQUE_PREFIX, type Confirmation, type IssuedToken, type TokenClaims } from './types.js';

export interface TokenRequest {
  readonly client: RegisteredClient;
  readonly resource: string | undefined;
  readonly scope: string | undefined;
  readonly confirmation: Confirmation;
}

export interface TokenIssuerParts {
  readonly issuer: string;
  readonly directory: Directory;
  readonly feed: ChangeFeed;
  /** Seconds for which the last known good state is good enough. */
  readonly maxStaleness: number;
  readonly jwt: JwtSigner;
  readonly ephemeral: EphemeralStore;
  readonly clock: Clock;
}

/** The key under which an opaque token lies: by hash, so that the store holds nothing that can be used. */
export const opaqueKey = (token: string): string =>
  `opaque:${createHash('sha256').update(token).digest('base64url')}`;

export class TokenIssuer {
  readonly #parts: TokenIssuerParts;

  constructor(parts: TokenIssuerParts) {
    this.#parts = parts;
  }

  /** @throws GatehouseError `temporarily_unavailable` when what is known of clients and APIs is too old to issue by */
  assertCurrent(): void {
    const { feed, maxStaleness } = this.#parts;
    if (feed.age() > maxStaleness * 1000) throw unavailable('the registry');
  }

  /**
   * A token by client credentials (RFC 6749 §4.4).
   * @throws GatehouseError `unauthorized_client`, `invalid_target`, `invalid_scope`, `invalid_request` for a missing sender
   * constraint, `temporarily_unavailable` when the state is too old or a store is away
   */
  async clientCredentials(request: TokenRequest): Promise<IssuedToken> {
    const { client } = request;
    const { directory } = this.#parts;
    if (!client.grantTypes.includes('client_credentials')) {
      throw new GatehouseError(
        'unauthorized_client',
        'the client may not use the grant type client_credentials',
      );
    }
    this.assertCurrent();
    const { grant, scopes } = resolveTarget(client, request.resource, request.scope);
    const found = directory.apis.get(grant.audience);
    const api = found instanceof Promise ? await found : found;
    if (!api)
      throw new GatehouseError('invalid_target', `the client has no grant for the API ${grant.audience}`);
    checkBinding(api, request.confirmation);
    const claims = this.#claims(client, api, scopes, request.confirmation);
    const accessToken =
      api.tokenFormat === 'jwt'
        ? await this.#parts.jwt.sign(api.signingAlg, 'at+jwt', claims)
        : await this.#opaque(claims);
    return {
      accessToken,
      tokenType: request.confirmation.jkt === undefined ? 'Bearer' : 'DPoP',
      expiresIn: claims.exp - claims.iat,
      format: api.tokenFormat,
      claims,
    };
  }

  #claims(
    client: RegisteredClient,
    api: Api,
    scopes: readonly string[],
    confirmation: Confirmation,
  ): TokenClaims {
    const nowMs = this.#parts.clock.now();
    const iat = Math.floor(nowMs / 1000);
    const bound = confirmation.jkt !== undefined || confirmation['x5t#S256'] !== undefined;
    return {
      iss: this.#parts.issuer,
      sub: client.id,
      aud: api.audience,
      client_id: client.id,
      iat,
      exp: iat + Math.min(api.tokenTtl, client.tokenTtl ?? api.tokenTtl),
      jti: newTokenId(nowMs),
      ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
      ...(bound ? { cnf: confirmation } : {}),
    };
  }

  async #opaque(claims: TokenClaims): Promise<string> {
    const token = OPAQUE_PREFIX + randomSlice(32).toString('base64url');
    await this.#parts.ephemeral.set(
      opaqueKey(token),
      Buffer.from(JSON.stringify(claims)),
      claims.exp - claims.iat,
    );
    return token;
  }
}

function checkBinding(api: Api, confirmation: Confirmation): void {
  if (api.tokenBinding === 'dpop' && confirmation.jkt === undefined) {
    throw new GatehouseError(
      'invalid_dpop_proof',
      `the API ${api.audience} requires a DPoP proof (RFC 9449)`,
    );
  }
  if (api.tokenBinding === 'mtls' && confirmation['x5t#S256'] === undefined) {
    throw new GatehouseError(
      'invalid_request',
      `the API ${api.audience} requires a client certificate (RFC 8705)`,
    );
  }
}

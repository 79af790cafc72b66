/**
 * Whether a token is good now: signature, time, revocations, and whether its client still exists, is enabled and still
 * holds the grant. Answers undefined for everything else, whatever the reason (RFC 7662 §2.2).
 */
import { unavailable } from '../errors.js';
import type { Clock } from '../lib/clock.js';
import { tokenIdTime } from '../lib/ids.js';
import type { ChangeFeed, Directory, EphemeralStore } from '../registry/index.js';
import type { RevocationBook } from '../revocations/index.js';
import { opaqueKey } from './issue.js';
import type { JwtSigner } from './jwt.js';
import { OPAQUE_PREFIX, type ActiveToken, type TokenClaims } from './types.js';

export interface TokenInspectorParts {
  readonly issuer: string;
  readonly directory: Directory;
  readonly feed: ChangeFeed;
  /** Seconds for which the knowledge of revocations is good enough. */
  readonly maxStaleness: number;
  readonly jwt: JwtSigner;
  readonly book: RevocationBook;
  readonly ephemeral: EphemeralStore;
  readonly clock: Clock;
}

const OPAQUE = /^gho_[A-Za-z0-9_-]{43}$/;

export class TokenInspector {
  readonly #parts: TokenInspectorParts;

  constructor(parts: TokenInspectorParts) {
    this.#parts = parts;
  }

  /** @throws GatehouseError `temporarily_unavailable` when what is known is too old to answer: never a wrong answer */
  async inspect(token: string): Promise<ActiveToken | undefined> {
    const { feed, maxStaleness, book } = this.#parts;
    if (feed.age() > maxStaleness * 1000) throw unavailable('the record of revocations');
    const found = await this.identify(token);
    if (!found) return undefined;
    const { claims, kid } = found;
    const issuedAt = tokenIdTime(claims.jti) ?? claims.iat * 1000;
    if (book.revokes({ jti: claims.jti, issuedAt, clientId: claims.client_id, kid })) return undefined;
    return (await this.#stillGranted(claims)) ? found : undefined;
  }

  /** A token of ours in its lifetime, revoked or not. */
  async identify(token: string): Promise<ActiveToken | undefined> {
    const found = token.startsWith(OPAQUE_PREFIX) ? await this.#opaque(token) : this.#jwt(token);
    if (!found) return undefined;
    return found.claims.exp > this.#parts.clock.now() / 1000 ? found : undefined;
  }

  #jwt(token: string): ActiveToken | undefined {
    const verified = this.#parts.jwt.verify(token);
    if (verified?.typ !== 'at+jwt' || verified.payload.iss !== this.#parts.issuer) return undefined;
    // We signed it as an access token, so it has the claims of one.
    return { claims: verified.payload as unknown as TokenClaims, kid: verified.kid };
  }

  async #opaque(token: string): Promise<ActiveToken | undefined> {
    if (!OPAQUE.test(token)) return undefined;
    const value = await this.#parts.ephemeral.get(opaqueKey(token));
    return value && { claims: JSON.parse(value.toString('utf8')) as TokenClaims, kid: null };
  }

  async #stillGranted(claims: TokenClaims): Promise<boolean> {
    const client = await this.#parts.directory.clients.get(claims.client_id);
    if (!client?.enabled) return false;
    const grant = client.grants.find(({ audience }) => audience === claims.aud);
    if (!grant) return false;
    return (claims.scope?.split(' ') ?? []).every((scope) => grant.scopes.includes(scope));
  }
}

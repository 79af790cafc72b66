/** Checks a client assertion (private_key_jwt: RFC 7523 §3, OIDC Core §9). */
import { createHash } from 'node:crypto';
import { errors, jwtVerify, type CryptoKey, type JWTPayload, type JWTVerifyOptions } from 'jose';
import { ASSERTION_ALGS, type RegisteredClient } from '../clients/index.js';
import { GatehouseError } from '../errors.js';
import type { Clock } from '../lib/clock.js';
import type { EphemeralStore } from '../registry/index.js';
import type { ClientKeys } from './client_keys.js';
import type { LocalJWKSet } from './jose_types.js';

/** Seconds by which clocks may differ. */
const SKEW = 10;
/** The longest life of an assertion, in seconds. */
const MAX_LIFE = 300;
const MAX_LENGTH = 8192;
/** Keys that are tried for an assertion that names none. */
const MAX_CANDIDATES = 20;

const refused = (detail: string, cause?: unknown): GatehouseError =>
  new GatehouseError('invalid_client', 'the client assertion was refused', { detail, cause });

export class AssertionVerifier {
  readonly #keys: ClientKeys;
  readonly #ephemeral: EphemeralStore;
  readonly #clock: Clock;
  readonly #audiences: string[];

  /** @param parts.audiences values of `aud` that mean this server: the issuer and its endpoints */
  constructor(parts: {
    readonly keys: ClientKeys;
    readonly ephemeral: EphemeralStore;
    readonly clock: Clock;
    readonly audiences: readonly string[];
  }) {
    this.#keys = parts.keys;
    this.#ephemeral = parts.ephemeral;
    this.#clock = parts.clock;
    this.#audiences = [...parts.audiences];
  }

  /**
   * Resolves when the assertion is this client's, for this server, in time and seen for the first time.
   * @throws GatehouseError `invalid_client`, or `temporarily_unavailable` when the replay guard or the keys are away
   */
  async verify(client: RegisteredClient, assertion: string): Promise<void> {
    if (assertion.length > MAX_LENGTH) throw refused('the assertion is too long');
    const claims = await this.#verifySignature(client, assertion);
    const now = this.#clock.now() / 1000;
    const { iss, sub, exp, iat, jti, aud } = claims;
    if (iss !== client.id || sub !== client.id) throw refused('iss and sub must both be the client id');
    if (Array.isArray(aud) && aud.length !== 1) throw refused('aud must name this server alone');
    if (typeof exp !== 'number' || exp > now + MAX_LIFE + SKEW)
      throw refused(`exp must be at most ${MAX_LIFE} s ahead`);
    if (iat !== undefined && iat > now + SKEW) throw refused('iat lies in the future');
    if (typeof jti !== 'string' || jti === '' || jti.length > 255)
      throw refused('jti is missing or too long');
    await this.#guardReplay(client.id, jti, exp, iat);
  }

  async #verifySignature(client: RegisteredClient, assertion: string): Promise<JWTPayload> {
    const options = {
      algorithms: [...ASSERTION_ALGS],
      audience: this.#audiences,
      clockTolerance: SKEW,
      currentDate: new Date(this.#clock.now()),
    };
    for (const again of [false, true]) {
      const keys = await this.#keys.of(client, again);
      if (!keys) throw refused('the client has no keys registered');
      try {
        return await verifyWith(keys, assertion, options);
      } catch (error) {
        // An unknown key may be a rotation on the client's side: look at the source again, once.
        if (isUnknownKey(error) && !again && client.jwksUri !== null) continue;
        throw refused(error instanceof errors.JOSEError ? error.code : 'not a JWT', error);
      }
    }
    throw refused('no key of the client matches');
  }

  /** What was made before the guard last lost its memory may have been used already. */
  async #guardReplay(clientId: string, jti: string, exp: number, iat: number | undefined): Promise<void> {
    const key = createHash('sha256').update(clientId).update('\0').update(jti).digest('base64url');
    const ttl = Math.max(1, Math.ceil(exp - this.#clock.now() / 1000) + SKEW + 1);
    const { first, epoch } = await this.#ephemeral.insertOnce(`assertion:${key}`, ttl);
    if (!first) throw refused('the assertion was used before');
    const madeAt = iat ?? exp - MAX_LIFE;
    if (madeAt * 1000 < epoch) throw refused('the assertion was made before the replay guard came up');
  }
}

const isUnknownKey = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed;

/** `kid` is optional (RFC 7515 §4.1.4): without it, each key that fits is tried, as during the client's own rotation. */
async function verifyWith(
  keys: LocalJWKSet,
  assertion: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(assertion, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    const candidates: CryptoKey[] = [];
    for await (const key of error) if (candidates.push(key) === MAX_CANDIDATES) break;
    for (const key of candidates) {
      try {
        return (await jwtVerify(assertion, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

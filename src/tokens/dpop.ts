/** Checks a DPoP proof at an endpoint of this server (RFC 9449 §4.3) and answers the thumbprint of its key. */
import { createHash } from 'node:crypto';
import {
  calculateJwkThumbprint,
  EmbeddedJWK,
  errors,
  jwtVerify,
  type JWK,
  type ProtectedHeaderParameters,
} from 'jose';
import { GatehouseError } from '../errors.js';
import type { Clock } from '../lib/clock.js';
import type { EphemeralStore } from '../registry/index.js';

/** Ed25519 is the newer name of EdDSA with that curve (RFC 9864). */
export const DPOP_ALGS = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const;
/** Seconds for which a proof is good, and by which clocks may differ. */
const MAX_AGE = 60;
const SKEW = 5;
const MAX_LENGTH = 8192;

export interface DpopRequest {
  readonly proof: string;
  readonly method: string;
  /** The endpoint's URL as discovery names it. */
  readonly url: string;
  /** At a resource: the access token that the proof must be bound to (`ath`). */
  readonly accessToken?: string;
}

const refused = (message: string, cause?: unknown): GatehouseError =>
  new GatehouseError('invalid_dpop_proof', message, { cause });

export class DpopVerifier {
  readonly #ephemeral: EphemeralStore;
  readonly #clock: Clock;

  constructor(parts: { readonly ephemeral: EphemeralStore; readonly clock: Clock }) {
    this.#ephemeral = parts.ephemeral;
    this.#clock = parts.clock;
  }

  /** @throws GatehouseError `invalid_dpop_proof`, or `temporarily_unavailable` when the replay guard is away */
  async verify(request: DpopRequest): Promise<{ readonly jkt: string }> {
    if (request.proof.length > MAX_LENGTH) throw refused('the DPoP proof is too long');
    const { payload, header } = await this.#verifySignature(request.proof);
    const now = this.#clock.now() / 1000;
    if (payload.htm !== request.method) throw refused('htm is not the method of this request');
    if (typeof payload.htu !== 'string' || withoutQuery(payload.htu) !== request.url)
      throw refused(`htu is not ${request.url}`);
    const { iat, jti } = payload;
    if (typeof iat !== 'number' || iat < now - MAX_AGE || iat > now + SKEW)
      throw refused('iat is not of this minute');
    if (typeof jti !== 'string' || jti === '' || jti.length > 255)
      throw refused('jti is missing or too long');
    if (
      request.accessToken !== undefined &&
      payload.ath !== createHash('sha256').update(request.accessToken).digest('base64url')
    ) {
      throw refused('ath is not the hash of the access token');
    }
    const jkt = await calculateJwkThumbprint(header.jwk as JWK);
    const key = createHash('sha256').update(`${jkt}\0${jti}`).digest('base64url');
    const { first, epoch } = await this.#ephemeral.insertOnce(`dpop:${key}`, MAX_AGE + SKEW + 1);
    if (!first) throw refused('the DPoP proof was used before');
    if (iat * 1000 < epoch)
      throw refused('the DPoP proof was made before the replay guard came up; make a new one');
    return { jkt };
  }

  async #verifySignature(
    proof: string,
  ): Promise<{ payload: Record<string, unknown>; header: ProtectedHeaderParameters }> {
    try {
      const options = {
        typ: 'dpop+jwt',
        algorithms: [...DPOP_ALGS],
        currentDate: new Date(this.#clock.now()),
      };
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, options);
      return { payload, header: protectedHeader };
    } catch (error) {
      throw refused(
        error instanceof errors.JOSEError
          ? `the DPoP proof is not valid: ${error.code}`
          : 'the DPoP proof is not a JWT',
        error,
      );
    }
  }
}

/** RFC 9449 §4.3 step 9: query and fragment do not count. */
function withoutQuery(htu: string): string | undefined {
  if (!URL.canParse(htu)) return undefined;
  const url = new URL(htu);
  return url.origin + url.pathname;
}

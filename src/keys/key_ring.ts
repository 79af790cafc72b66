/**
 * The signing keys as this node holds them: what signs, what verifies, and the JWKS document, precomputed.
 * Reloaded whenever the change feed names a key. Knows nothing of why a key changed phase (lifecycle.ts).
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { SIGNING_ALGS, type SigningAlg } from '../apis/index.js';
import type { SigningKeyStore } from './ports.js';
import type { Sealer } from './sealer.js';
import type { StoredSigningKey } from './types.js';

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly privateKey: KeyObject;
}

export interface VerificationKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly publicKey: KeyObject;
}

/** The bytes of the JWKS document (RFC 7517 §5) and their strong ETag. */
export interface JwksDocument {
  readonly body: Buffer;
  readonly etag: string;
}

/** The context under which the private part of a key is sealed. */
export const sealingContext = (kid: string): string => `signing-key:${kid}`;

const isSigningAlg = (alg: string): alg is SigningAlg => (SIGNING_ALGS as readonly string[]).includes(alg);

export class KeyRing {
  readonly #store: SigningKeyStore;
  readonly #sealer: Sealer;
  #signing = new Map<SigningAlg, SigningKey>();
  #verification = new Map<string, VerificationKey>();
  #jwks: JwksDocument = document([]);

  constructor(parts: { readonly store: SigningKeyStore; readonly sealer: Sealer }) {
    this.#store = parts.store;
    this.#sealer = parts.sealer;
  }

  /** Reads all keys again and swaps to them at once. On a failure the former keys stay. */
  async reload(): Promise<void> {
    const stored = await this.#store.list();
    const published = stored.filter((key) => key.phase !== 'revoked' && isSigningAlg(key.alg));
    const signing = new Map<SigningAlg, SigningKey>();
    const verification = new Map<string, VerificationKey>();
    for (const key of published) {
      const alg = key.alg as SigningAlg;
      verification.set(key.kid, this.#verification.get(key.kid) ?? verificationKey(key, alg));
      if (key.phase === 'active') signing.set(alg, this.#signingKey(key, alg));
    }
    this.#signing = signing;
    this.#verification = verification;
    this.#jwks = document(published);
  }

  /** The key that signs for this algorithm now; undefined when it has none yet. */
  active(alg: SigningAlg): SigningKey | undefined {
    return this.#signing.get(alg);
  }

  /** A published key by kid; a revoked one is unknown. */
  verification(kid: string): VerificationKey | undefined {
    return this.#verification.get(kid);
  }

  get jwks(): JwksDocument {
    return this.#jwks;
  }

  #signingKey(key: StoredSigningKey, alg: SigningAlg): SigningKey {
    const known = this.#signing.get(alg);
    if (known?.kid === key.kid) return known;
    if (!key.sealedPrivate) throw new Error(`active signing key ${key.kid} has no private part`);
    const der = this.#sealer.open(key.sealedPrivate, sealingContext(key.kid));
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    return { kid: key.kid, alg, privateKey };
  }
}

function verificationKey(key: StoredSigningKey, alg: SigningAlg): VerificationKey {
  return { kid: key.kid, alg, publicKey: createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' }) };
}

/** Only public members, named one by one: a private member could not get out even if a row held one. */
function document(keys: readonly StoredSigningKey[]): JwksDocument {
  const publicKeys = keys.map(({ publicJwk: { kty, crv, x, y, n, e, kid, alg, use } }) => ({
    kty,
    crv,
    x,
    y,
    n,
    e,
    kid,
    alg,
    use,
  }));
  const body = Buffer.from(JSON.stringify({ keys: publicKeys }));
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** Signing keys and the data keys that seal what must not be read at rest. */
import type { JWK } from 'jose';

/** `next` is published and does not sign; `active` signs; `retired` is published only; `revoked` is neither. */
export const KEY_PHASES = ['next', 'active', 'retired', 'revoked'] as const;
export type KeyPhase = (typeof KEY_PHASES)[number];

/** A signing key as it lies in the store. */
export interface StoredSigningKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly alg: string;
  readonly phase: KeyPhase;
  /** Public members, with kid, alg and use. */
  readonly publicJwk: JWK;
  /** PKCS#8 DER under AES-256-GCM; null once the private part is destroyed. */
  readonly sealedPrivate: Buffer | null;
  readonly createdAt: Date;
  readonly activatedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A 256-bit key wrapped by the master key. */
export interface StoredDataKey {
  readonly id: string;
  readonly purpose: 'seal' | 'pepper';
  readonly wrapped: Buffer;
  /** Fingerprint of the master key that wraps it, so that a wrong master key is told from damage. */
  readonly masterKeyId: string;
  readonly createdAt: Date;
}

/** A DPoP key and its proofs (RFC 9449 §4). Owns the key file; knows nothing of token requests. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  type KeyObject,
} from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { SignJWT, type JWK } from 'jose';
import { usageFailure } from '../failure.js';
import { readTextFile, SMALL_INPUT_BYTES } from '../shell.js';

export interface DpopKey {
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
  readonly key: KeyObject;
}

const jwkOf = (key: KeyObject): JWK => key.export({ format: 'jwk' });

/** The P-256 key in FILE, which is made (mode 0600) when it is not there; without FILE a key for this once. */
export function dpopKey(file: string | undefined): DpopKey {
  if (file !== undefined && existsSync(file)) return readKey(file);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const made = keyOf(privateKey);
  if (file !== undefined)
    writeFileSync(file, `${JSON.stringify(made.privateJwk, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return made;
}

function keyOf(key: KeyObject): DpopKey {
  return { key, privateJwk: jwkOf(key), publicJwk: jwkOf(createPublicKey(key)) };
}

function readKey(file: string): DpopKey {
  const text = readTextFile(file, SMALL_INPUT_BYTES);
  try {
    const key = text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text) as JWK, format: 'jwk' })
      : createPrivateKey(text);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return keyOf(key);
  } catch {
    // Said below; the cause may quote the key.
  }
  throw usageFailure(`${file} holds no private P-256 key (JWK or PEM)`);
}

/** @param nonce what the server asked for in a `DPoP-Nonce` header (RFC 9449 §8) */
export function dpopProof(
  key: DpopKey,
  method: string,
  url: string,
  nowMs: number,
  nonce?: string,
): Promise<string> {
  return new SignJWT({ htm: method, htu: url, ...(nonce === undefined ? {} : { nonce }) })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.publicJwk })
    .setJti(randomUUID())
    .setIssuedAt(Math.floor(nowMs / 1000))
    .sign(key.key);
}

/**
 * Client secrets. Generated ones have 256 random bits and are kept as HMAC-SHA-256 under a pepper: no guess can find
 * them, so no slow hash is owed. Secrets that people chose elsewhere are kept as argon2id and checked through a bounded queue.
 */
import { createHmac } from 'node:crypto';
import argon2 from 'argon2';
import { newSecret } from '../lib/ids.js';

/** Peppers by id; implemented by the data keys. */
export interface PepperSource {
  readonly currentId: string;
  get(id: string): Buffer | undefined;
}

export interface HashedSecret {
  readonly scheme: 'hmac-sha256' | 'argon2id';
  readonly hash: Buffer;
  readonly pepperId: string | null;
}

/** OWASP's parameters for argon2id: 19 MiB, 2 passes, 1 lane. */
export const ARGON2_PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The HMAC under which a generated secret is stored; the whole secret counts, nothing is cut. */
export function pepperedHash(secret: string, pepper: Buffer): Buffer {
  return createHmac('sha256', pepper).update(secret).digest();
}

/** A new secret (`ghs_` and 43 characters) with its stored form. The secret itself is shown once and never again. */
export function generateSecret(peppers: PepperSource): HashedSecret & { readonly secret: string } {
  const pepper = peppers.get(peppers.currentId);
  if (!pepper) throw new Error('the current pepper is not loaded');
  const secret = newSecret('ghs');
  return { secret, scheme: 'hmac-sha256', hash: pepperedHash(secret, pepper), pepperId: peppers.currentId };
}

/** The stored form of a secret that a person chose. */
export async function hashChosenSecret(value: string): Promise<HashedSecret> {
  const phc = await argon2.hash(value, { type: argon2.argon2id, ...ARGON2_PARAMETERS });
  return { scheme: 'argon2id', hash: Buffer.from(phc), pepperId: null };
}

/** Whether a secret matches an argon2 PHC string. Costs tens of milliseconds and memory: run it through a bounded queue. */
export function verifyChosenSecret(phc: string, value: string): Promise<boolean> {
  return argon2.verify(phc, value);
}

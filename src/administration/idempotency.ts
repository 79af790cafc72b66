/**
 * Remembers answers to creates. They may hold a client secret, so they are sealed twice: under a key that only the holder
 * of the Idempotency-Key can derive, and under a data key. The record is written in the transaction of the create.
 */
import { createHash, hkdfSync } from 'node:crypto';
import { GatehouseError } from '../errors.js';
import { decrypt, encrypt, type Sealer } from '../keys/index.js';
import type { DurableStores } from '../registry/index.js';
import type { Once } from './ports.js';

const LIFETIME_MS = 24 * 3600 * 1000;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

function keyOf(once: Once, actor: string): Buffer {
  return Buffer.from(hkdfSync('sha256', once.key, actor, 'gatehouse idempotent response', 32));
}

const contextOf = (actor: string, keyHash: Buffer): string =>
  `idempotency:${actor}:${keyHash.toString('hex')}`;

/** The remembered answer. @throws GatehouseError `idempotency_mismatch` when the key stood for another request */
export async function recall(
  stores: DurableStores,
  sealer: Sealer,
  actor: string,
  once: Once,
  now: Date,
): Promise<{ readonly answer: unknown } | undefined> {
  const keyHash = sha256(once.key);
  const record = await stores.idempotency.get(actor, keyHash, now);
  if (record === undefined) return undefined;
  if (!sha256(once.request).equals(record.requestHash)) {
    throw new GatehouseError('idempotency_mismatch', 'this Idempotency-Key was used for another request');
  }
  const context = contextOf(actor, keyHash);
  const inner = sealer.open(record.sealedResponse, context);
  const plain = decrypt(keyOf(once, actor), inner, Buffer.from(context));
  return { answer: JSON.parse(plain.toString('utf8')) };
}

/** Remembers an answer for 24 hours. */
export async function remember(
  stores: DurableStores,
  sealer: Sealer,
  actor: string,
  once: Once,
  answer: unknown,
  now: Date,
): Promise<void> {
  const keyHash = sha256(once.key);
  const context = contextOf(actor, keyHash);
  const inner = encrypt(keyOf(once, actor), Buffer.from(JSON.stringify(answer)), Buffer.from(context));
  await stores.idempotency.put({
    actor,
    keyHash,
    requestHash: sha256(once.request),
    sealedResponse: sealer.seal(inner, context),
    expiresAt: new Date(now.getTime() + LIFETIME_MS),
  });
}

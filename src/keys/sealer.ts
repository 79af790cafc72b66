/**
 * Seals what must not be read at rest: AES-256-GCM under a data key, bound to its place by associated data, so that
 * sealed values cannot be swapped between rows. Knows nothing of where sealed values lie.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface Sealer {
  /** @param context names the place of the value, e.g. `signing-key:<kid>`; opening takes the same. */
  seal(plaintext: Buffer, context: string): Buffer;
  /** @throws Error when the value was altered, moved or sealed under an unknown data key. */
  open(sealed: Buffer, context: string): Buffer;
}

const VERSION = 1;
const KEY_ID_BYTES = 8;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + IV_BYTES;

/** Encrypts with a 256-bit key. Layout: iv (12) | ciphertext | tag (16). */
export function encrypt(key: Buffer, plaintext: Buffer, associatedData: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(associatedData);
  return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Reverses {@link encrypt}. @throws Error when the key, the bytes or the associated data are not the same. */
export function decrypt(key: Buffer, sealed: Buffer, associatedData: Buffer): Buffer {
  if (sealed.length < IV_BYTES + TAG_BYTES) throw new Error('sealed value is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES))
    .setAAD(associatedData)
    .setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  return Buffer.concat([
    decipher.update(sealed.subarray(IV_BYTES, sealed.length - TAG_BYTES)),
    decipher.final(),
  ]);
}

/**
 * A sealer over data keys by id (16 hex digits); new values are sealed under `currentId`.
 * Layout: version (1 byte) | data key id (8) | the layout of {@link encrypt}.
 */
export function createSealer(dataKeys: ReadonlyMap<string, Buffer>, currentId: string): Sealer {
  const current = dataKeys.get(currentId);
  if (!current) throw new Error(`data key ${currentId} is not loaded`);
  const head = Buffer.concat([Buffer.from([VERSION]), Buffer.from(currentId, 'hex')]);
  return {
    seal: (plaintext, context) => Buffer.concat([head, encrypt(current, plaintext, Buffer.from(context))]),
    open: (sealed, context) => {
      if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION)
        throw new Error('not a sealed value');
      const key = dataKeys.get(sealed.subarray(1, 1 + KEY_ID_BYTES).toString('hex'));
      if (!key) throw new Error('sealed under an unknown data key');
      return decrypt(key, sealed.subarray(1 + KEY_ID_BYTES), Buffer.from(context));
    },
  };
}

/** Identifiers and secrets. All randomness comes from the operating system's CSPRNG through node:crypto. */
import { randomBytes, randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const pool = Buffer.allocUnsafe(POOL_BYTES);
let used = POOL_BYTES;

/** Random bytes from a refilled pool: one system call per 4 KiB instead of one per token. The slice is the caller's own copy. */
export function randomSlice(length: number): Buffer {
  if (used + length > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const slice = Buffer.from(pool.subarray(used, used + length));
  pool.fill(0, used, used + length);
  used += length;
  return slice;
}

/**
 * A token identifier (the `jti` of a JWT): 48 bits of milliseconds since the epoch and 96 random bits, base64url (24 characters).
 * The time orders a token against a revocation more finely than `iat`, which has whole seconds.
 */
export function newTokenId(nowMs: number): string {
  const id = Buffer.allocUnsafe(18);
  id.writeUIntBE(nowMs, 0, 6);
  randomSlice(12).copy(id, 6);
  return id.toString('base64url');
}

/** Milliseconds since the epoch at which an id of {@link newTokenId} was made; undefined when it is not such an id. */
export function tokenIdTime(id: string): number | undefined {
  if (!/^[A-Za-z0-9_-]{24}$/.test(id)) return undefined;
  return Buffer.from(id, 'base64url').readUIntBE(0, 6);
}

/** A random identifier with a readable prefix, e.g. `newId('c')` -> `c_` and 16 base64url characters (96 bits). */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString('base64url')}`;
}

/** A secret of 256 random bits, base64url, behind a prefix that secret scanners can look for. */
export function newSecret(prefix: string): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`;
}

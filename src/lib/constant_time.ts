import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares two byte strings in time that depends on neither their content nor the position of a difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

/** Compares two texts of any length in constant time, by their digests. */
export function equalText(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

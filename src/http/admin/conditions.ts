/** Headers that say under which condition a write is wanted: If-Match (RFC 9110 §13.1.1) and Idempotency-Key. */
import type { Expected, Once } from '../../administration/index.js';
import { GatehouseError } from '../../errors.js';

/** Versions that If-Match names; undefined when it names none or any. Weak and foreign ETags match nothing. */
export function expectedVersions(header: string | undefined): Expected {
  if (header === undefined || header.trim() === '*') return undefined;
  return header.split(',').flatMap((tag) => {
    const digits = /^"(\d{1,10})"$/.exec(tag.trim())?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}

/**
 * The Idempotency-Key with the request that it stands for. It may be quoted (draft-ietf-httpapi-idempotency-key-header §2.1).
 * @throws GatehouseError `invalid_request`
 */
export function onceOf(
  header: string | undefined,
  method: string,
  path: string,
  body: Buffer,
): Once | undefined {
  if (header === undefined) return undefined;
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new GatehouseError('invalid_request', 'Idempotency-Key must be 1 to 255 printable characters');
  }
  return { key, request: `${method} ${path}\n${body.toString('latin1')}` };
}

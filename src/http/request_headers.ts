/**
 * Headers that may be there once. Node drops or joins what is sent twice, differently by name, so that a proxy in front
 * and Gatehouse could each see another value; the raw list shows what really came (RFC 9110 §5.3).
 */
import { GatehouseError } from '../errors.js';

/** More headers than this in one request are answered with 431 (RFC 6585 §5). */
export const MAX_HEADERS = 100;

/** Thrown for too many headers; its status has no error code of OAuth. */
export class TooManyHeaders extends Error {
  override readonly name = 'TooManyHeaders';
}

/** What is wrong with the headers of a request, if anything. Looks at lengths first: it runs for every header. */
export function headerFault(rawHeaders: readonly string[]): Error | undefined {
  if (rawHeaders.length > MAX_HEADERS * 2) return new TooManyHeaders(`more than ${MAX_HEADERS} headers`);
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const bit = singular(rawHeaders[i] ?? '');
    if (bit === 0) continue;
    if ((seen & bit) !== 0) {
      return new GatehouseError(
        'invalid_request',
        `the header ${rawHeaders[i]?.toLowerCase() ?? ''} is given twice`,
      );
    }
    seen |= bit;
  }
  return undefined;
}

/** A bit for each header that may be there once; 0 for all others. */
function singular(name: string): number {
  switch (name.length) {
    case 4:
      return bitIf(name, 'host', 1) | bitIf(name, 'dpop', 2);
    case 12:
      return bitIf(name, 'content-type', 4);
    case 13:
      return bitIf(name, 'authorization', 8);
    case 14:
      return bitIf(name, 'content-length', 16);
    default:
      return 0;
  }
}

function bitIf(name: string, lower: string, bit: number): number {
  return name === lower || name.toLowerCase() === lower ? bit : 0;
}

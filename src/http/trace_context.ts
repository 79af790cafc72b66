/** The trace that a request belongs to, from the `traceparent` header (W3C Trace Context §3.2). */

const LENGTH = 55;
const DASH = 45;

function isLowerHex(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) {
    const c = text.charCodeAt(i);
    if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102))) return false;
  }
  return true;
}

/** The trace id, 32 digits; null when the header is missing or not exactly as specified. */
export function traceIdOf(header: string | readonly string[] | undefined): string | null {
  if (typeof header !== 'string' || header.length < LENGTH) return null;
  const known = header.startsWith('00');
  if (header.length > LENGTH && (known || header.charCodeAt(LENGTH) !== DASH)) return null;
  if (header.charCodeAt(2) !== DASH || header.charCodeAt(35) !== DASH || header.charCodeAt(52) !== DASH)
    return null;
  if (header.startsWith('ff')) return null;
  const digits =
    isLowerHex(header, 0, 2) &&
    isLowerHex(header, 3, 35) &&
    isLowerHex(header, 36, 52) &&
    isLowerHex(header, 53, 55);
  if (!digits || isZero(header, 3, 35) || isZero(header, 36, 52)) return null;
  return header.slice(3, 35);
}

function isZero(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) if (text.charCodeAt(i) !== 48) return false;
  return true;
}

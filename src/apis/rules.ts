/** What makes an API valid, and what it is when nothing is said. Pure; knows neither how it arrives nor where it is kept. */
import type { FieldFault } from '../errors.js';
import type { ApiFields } from './ports.js';

export const TOKEN_TTL_MIN = 10;
export const TOKEN_TTL_MAX = 86_400;
const MAX_SCOPES = 1000;
/** Characters of a description, of an API, a scope or a client. */
export const DESCRIPTION_MAX = 1000;

export const API_DEFAULTS: ApiFields = {
  description: '',
  scopes: [],
  tokenFormat: 'jwt',
  tokenTtl: 600,
  signingAlg: 'ES256',
  tokenBinding: 'none',
};

/** A scope-token of RFC 6749 §3.3, at most 128 characters. */
export function isScopeToken(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(text);
}

/** An absolute URI without fragment (RFC 8707 §2), printable ASCII, at most 512 characters. */
export function isAudience(text: string): boolean {
  return (
    text.length <= 512 && /^[A-Za-z][A-Za-z0-9+.-]*:[\x21\x22\x24-\x7e]+$/.test(text) && URL.canParse(text)
  );
}

/** Whether a lifetime in whole seconds is within bounds. */
export function isTokenTtl(value: number): boolean {
  return Number.isInteger(value) && value >= TOKEN_TTL_MIN && value <= TOKEN_TTL_MAX;
}

/** Every fault of an API; pointers are relative to it. */
export function apiFaults(audience: string, fields: ApiFields): FieldFault[] {
  const faults: FieldFault[] = [];
  if (!isAudience(audience)) {
    faults.push({
      pointer: '/audience',
      message: 'must be an absolute URI without fragment, 512 characters at most',
    });
  }
  if (!isTokenTtl(fields.tokenTtl)) {
    faults.push({ pointer: '/tokenTtl', message: `must be ${TOKEN_TTL_MIN} to ${TOKEN_TTL_MAX} seconds` });
  }
  if (fields.description.length > DESCRIPTION_MAX) {
    faults.push({ pointer: '/description', message: `must be ${DESCRIPTION_MAX} characters at most` });
  }
  if (fields.scopes.length > MAX_SCOPES) {
    faults.push({ pointer: '/scopes', message: `must be ${MAX_SCOPES} scopes at most` });
  }
  const seen = new Set<string>();
  for (const [index, scope] of fields.scopes.entries()) {
    const pointer = `/scopes/${index}/name`;
    if (!isScopeToken(scope.name)) {
      faults.push({
        pointer,
        message: 'must be a scope token (RFC 6749 §3.3): no spaces, quotes or backslashes',
      });
    }
    if (scope.description.length > DESCRIPTION_MAX) {
      const message = `must be ${DESCRIPTION_MAX} characters at most`;
      faults.push({ pointer: `/scopes/${index}/description`, message });
    }
    if (seen.has(scope.name)) faults.push({ pointer, message: 'is given twice' });
    seen.add(scope.name);
  }
  return faults;
}

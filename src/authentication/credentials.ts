/**
 * Reads the credentials that a request carries. Owns which method they belong to (RFC 6749 §2.3, RFC 7521 §4.2,
 * RFC 8705 §2); knows nothing of whether they are right.
 */
import { GatehouseError } from '../errors.js';

export type Credentials =
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post';
      readonly clientId: string;
      readonly secret: string;
    }
  | { readonly method: 'private_key_jwt'; readonly clientId: string; readonly assertion: string }
  /** A client_id alone: a public client, or one that authenticates by its certificate. */
  | { readonly method: 'none'; readonly clientId: string };

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const MAX_CLIENT_ID = 255;
const MAX_SECRET = 1024;
/** What no client id has, and neither a database nor a log takes well. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * @param authorization the Authorization header
 * @param form the parameters of the body
 * @throws GatehouseError `invalid_client` when there are none, `invalid_request` for two methods at once
 */
export function readCredentials(
  authorization: string | undefined,
  form: ReadonlyMap<string, string>,
): Credentials {
  const assertion = form.get('client_assertion');
  const postedSecret = form.get('client_secret');
  const offered = [authorization, assertion, postedSecret].filter((value) => value !== undefined).length;
  if (offered > 1) {
    throw new GatehouseError(
      'invalid_request',
      'the client must not use more than one authentication method (RFC 6749 section 2.3)',
    );
  }
  const credentials =
    authorization !== undefined ? fromBasic(authorization) : fromForm(form, assertion, postedSecret);
  const stated = form.get('client_id');
  if (stated !== undefined && stated !== credentials.clientId) {
    throw new GatehouseError('invalid_request', 'client_id is not the client that the credentials name');
  }
  return credentials;
}

function fromBasic(authorization: string): Credentials {
  const match = BASIC.exec(authorization);
  if (!match) {
    throw new GatehouseError('invalid_client', 'the Authorization header is not well-formed HTTP Basic');
  }
  const text = Buffer.from(match[1] ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) throw new GatehouseError('invalid_client', 'the Basic credentials have no colon');
  const clientId = formDecode(text.slice(0, colon));
  const secret = formDecode(text.slice(colon + 1));
  return { method: 'client_secret_basic', clientId: checkId(clientId), secret: checkSecret(secret) };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded inside Basic. */
function formDecode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new GatehouseError(
      'invalid_client',
      'the Basic credentials are not form-encoded (RFC 6749 section 2.3.1)',
    );
  }
}

function fromForm(
  form: ReadonlyMap<string, string>,
  assertion: string | undefined,
  postedSecret: string | undefined,
): Credentials {
  const clientId = form.get('client_id');
  if (assertion !== undefined) {
    if (form.get('client_assertion_type') !== JWT_BEARER) {
      throw new GatehouseError('invalid_request', `client_assertion_type must be ${JWT_BEARER}`);
    }
    return {
      method: 'private_key_jwt',
      clientId: checkId(clientId ?? assertionSubject(assertion)),
      assertion,
    };
  }
  if (clientId === undefined)
    throw new GatehouseError('invalid_client', 'the request carries no client credentials');
  if (postedSecret !== undefined) {
    return { method: 'client_secret_post', clientId: checkId(clientId), secret: checkSecret(postedSecret) };
  }
  return { method: 'none', clientId: checkId(clientId) };
}

/** Who an assertion claims to be, before anything of it is believed (RFC 7521 §4.2 makes client_id optional). */
function assertionSubject(assertion: string): string {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8'),
    );
    const subject = (claims as { sub?: unknown }).sub;
    if (typeof subject === 'string') return subject;
  } catch {
    // Falls through to the refusal.
  }
  throw new GatehouseError('invalid_client', 'the client assertion names no client');
}

function checkId(clientId: string): string {
  if (clientId === '' || clientId.length > MAX_CLIENT_ID) {
    throw new GatehouseError('invalid_client', 'the client id is empty or too long');
  }
  if (UNPRINTABLE.test(clientId)) {
    throw new GatehouseError('invalid_client', 'the client id holds characters that no client id has');
  }
  return clientId;
}

function checkSecret(secret: string): string {
  if (secret === '' || secret.length > MAX_SECRET) {
    throw new GatehouseError('invalid_client', 'the client secret is empty or too long');
  }
  return secret;
}

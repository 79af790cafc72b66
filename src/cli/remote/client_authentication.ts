/**
 * Proves to an OAuth endpoint which client is asking: a secret, or an assertion signed by a private key (RFC 7523 §3).
 * Knows nothing of where the credentials come from.
 */
import { createPrivateKey, randomUUID, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { usageFailure } from '../failure.js';

export type ClientCredentials =
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post';
      readonly clientId: string;
      readonly clientSecret: string;
    }
  | { readonly method: 'private_key_jwt'; readonly clientId: string; readonly key: AssertionKey }
  | { readonly method: 'none'; readonly clientId: string };

export interface AssertionKey {
  readonly key: KeyObject;
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Headers and form parameters that authenticate one request. */
export interface Authentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

const ASSERTION_SECONDS = 60;

/** A fresh proof for one request: an assertion must not be used twice. */
export async function authenticate(
  credentials: ClientCredentials,
  issuer: string,
  nowMs: number,
): Promise<Authentication> {
  const { clientId } = credentials;
  switch (credentials.method) {
    case 'client_secret_basic':
      return { headers: { authorization: basic(clientId, credentials.clientSecret) }, form: {} };
    case 'client_secret_post':
      return { headers: {}, form: { client_id: clientId, client_secret: credentials.clientSecret } };
    case 'private_key_jwt':
      return {
        headers: {},
        form: {
          client_id: clientId,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await assertion(clientId, credentials.key, issuer, nowMs),
        },
      };
    case 'none':
      return { headers: {}, form: { client_id: clientId } };
  }
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function basic(clientId: string, clientSecret: string): string {
  const encoded = (text: string): string => new URLSearchParams({ v: text }).toString().slice(2);
  return `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(clientSecret)}`).toString('base64')}`;
}

function assertion(clientId: string, key: AssertionKey, issuer: string, nowMs: number): Promise<string> {
  const now = Math.floor(nowMs / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: key.alg, ...(key.kid === undefined ? {} : { kid: key.kid }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + ASSERTION_SECONDS)
    .sign(key.key);
}

/** A private key from PEM (PKCS #8, PKCS #1, SEC 1) or a private JWK. @throws CliFailure (wrong usage) when it is none */
export function parseAssertionKey(text: string, file: string, alg: string | undefined): AssertionKey {
  const jwk = text.trimStart().startsWith('{') ? parseJwk(text) : undefined;
  let key: KeyObject;
  try {
    key = jwk === undefined ? createPrivateKey(text) : createPrivateKey({ key: jwk, format: 'jwk' });
  } catch {
    // The cause may quote the key.
    throw usageFailure(`${file} holds no private key that can be read (PEM or JWK, not encrypted)`);
  }
  const own = typeof jwk?.['alg'] === 'string' ? jwk['alg'] : undefined;
  const chosen = alg ?? own ?? defaultAlg(key);
  if (chosen === undefined) throw usageFailure(`${file}: use a P-256, Ed25519 or RSA key`);
  return { key, alg: chosen, kid: typeof jwk?.['kid'] === 'string' ? jwk['kid'] : undefined };
}

function parseJwk(text: string): (JsonWebKey & Record<string, unknown>) | undefined {
  try {
    return JSON.parse(text) as JsonWebKey & Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function defaultAlg(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType === 'ec')
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  return key.asymmetricKeyType === 'rsa' ? 'RS256' : undefined;
}

/** Keys and assertions of clients that authenticate with private_key_jwt (RFC 7523 §3). Knows nothing of who checks them. */
import { randomUUID } from 'node:crypto';
import * as jose from 'jose';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface ClientKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: jose.CryptoKey;
  readonly jwk: jose.JWK;
}

/** A new key; `members` are added to its JWK, or taken from it when undefined. */
export async function newClientKey(alg = 'ES256', members: jose.JWK = {}): Promise<ClientKey> {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  const kid = randomUUID();
  const jwk = { ...(await jose.exportJWK(publicKey)), kid, alg, use: 'sig', ...members };
  return { kid, alg, privateKey, jwk };
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** Claims that are right, for 60 seconds. */
export const assertionClaims = (clientId: string, audience: string): Record<string, unknown> => ({
  iss: clientId,
  sub: clientId,
  aud: audience,
  jti: randomUUID(),
  iat: nowSeconds(),
  exp: nowSeconds() + 60,
});

export const signAssertion = (
  key: ClientKey,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> =>
  new jose.SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey);

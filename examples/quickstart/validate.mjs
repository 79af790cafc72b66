// Validates an access token as a service does: node validate.mjs TOKEN [AUDIENCE [SCOPE]]
/* global fetch */
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [token = '', audience = 'urn:shop:inventory', scope] = process.argv.slice(2);
const issuer = process.env.GATEHOUSE_ISSUER ?? 'http://localhost:4000';

const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));

try {
  const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' });
  if (scope && !payload.scope?.split(' ').includes(scope)) throw new Error(`the scope ${scope} is missing`);
  console.log('valid:', payload.client_id, 'may', payload.scope, 'at', payload.aud);
} catch (error) {
  console.log('refused:', error.message);
  process.exitCode = 1;
}

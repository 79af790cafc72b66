/**
 * Reference: bare oidc-provider on its own memory adapter. Client credentials give an ES256 JWT for the benchmark's
 * API, and an opaque token without `resource`; the same client introspects it.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { listening, REFERENCE_API, REFERENCE_CLIENT } from './listening.js';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const LIFETIME_SECONDS = 7200;

const provider = new Provider('http://127.0.0.1', {
  clients: [
    {
      client_id: REFERENCE_CLIENT.id,
      client_secret: REFERENCE_CLIENT.secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'reference', alg: 'ES256', use: 'sig' }] },
  cookies: { keys: ['reference'] },
  scopes: [REFERENCE_API.scope],
  ttl: { ClientCredentials: LIFETIME_SECONDS },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: REFERENCE_API.scope,
        audience: REFERENCE_API.audience,
        accessTokenTTL: LIFETIME_SECONDS,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
// The engine's callback answers its own errors.
const handle = provider.callback();
listening(createServer((request, response) => void handle(request, response)));

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { startGatehouse, type Credentials, type Node } from '../support/gatehouse.js';

const API = 'urn:library:api';

let node: Node;
let caller: Credentials;
let server: Credentials;
const grants = [{ audience: API, scopes: ['a', 'b'] }];
// The test server speaks plain HTTP on loopback.
// eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to deter, and there is no other switch
const insecure = { execute: [client.allowInsecureRequests] };
// eslint-disable-next-line @typescript-eslint/no-deprecated -- the same
const plain = { [oauth.allowInsecureRequests]: true };

beforeAll(async () => {
  node = await startGatehouse();
  await node.createApi(API, ['a', 'b']);
  caller = await node.createClient({ name: 'caller', grants });
  server = await node.createClient({ name: 'server', serves: [API] });
}, 120_000);
afterAll(() => node.stop());

const discover = (
  { clientId, clientSecret }: Credentials,
  authentication?: client.ClientAuth,
): Promise<client.Configuration> =>
  client.discovery(new URL(node.issuer), clientId, clientSecret, authentication, insecure);

describe('openid-client, unmodified', () => {
  it.each(['oidc', 'oauth2'] as const)('discovers by the %s metadata', async (algorithm) => {
    const config = await client.discovery(
      new URL(node.issuer),
      caller.clientId,
      caller.clientSecret,
      undefined,
      {
        ...insecure,
        algorithm,
      },
    );
    expect(config.serverMetadata()).toMatchObject({
      issuer: node.issuer,
      token_endpoint: `${node.issuer}/token`,
      jwks_uri: `${node.issuer}/jwks`,
    });
  });

  it.each([
    ['client_secret_basic', client.ClientSecretBasic],
    ['client_secret_post', client.ClientSecretPost],
  ] as const)('fetches, introspects and revokes with %s', async (_name, method) => {
    const config = await discover(caller, method(caller.clientSecret));
    const tokens = await client.clientCredentialsGrant(config, { resource: API, scope: 'a' });
    expect([tokens.token_type, tokens.scope]).toEqual(['bearer', 'a']);
    const keys = jose.createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? ''));
    const verified = await jose.jwtVerify(tokens.access_token, keys, {
      issuer: node.issuer,
      audience: API,
      typ: 'at+jwt',
      requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id', 'scope'],
    });
    expect(verified.payload['client_id']).toBe(caller.clientId);
    const resourceServer = await discover(server, method(server.clientSecret));
    expect((await client.tokenIntrospection(resourceServer, tokens.access_token)).active).toBe(true);
    await client.tokenRevocation(config, tokens.access_token);
    expect(await client.tokenIntrospection(resourceServer, tokens.access_token)).toEqual({ active: false });
  });

  it('fetches with private_key_jwt and DPoP', async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
    const jwks = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] };
    const signer = await node.createClient({
      name: 'signer',
      authMethods: ['private_key_jwt'],
      jwks,
      grants,
    });
    const config = await discover(signer, client.PrivateKeyJwt({ key: privateKey, kid: 'k' }));
    const dpop = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const tokens = await client.clientCredentialsGrant(config, { resource: API }, { DPoP: dpop });
    expect(tokens.token_type).toBe('dpop');
    expect(jose.decodeJwt(tokens.access_token)['cnf']).toHaveProperty('jkt');
  });

  it('is told by the standard error what is wrong', async () => {
    const config = await discover(caller);
    await expect(client.clientCredentialsGrant(config, { resource: API, scope: 'c' })).rejects.toMatchObject({
      error: 'invalid_scope',
    });
    await expect(client.clientCredentialsGrant(config, { resource: 'urn:none' })).rejects.toMatchObject({
      error: 'invalid_target',
    });
    const wrong = await discover({ ...caller, clientSecret: 'ghs_wrong' });
    await expect(client.clientCredentialsGrant(wrong, { resource: API })).rejects.toMatchObject({
      status: 401,
    });
  });
});

describe('oauth4webapi, unmodified: introspection, signed introspection (RFC 9701) and revocation', () => {
  it('takes each answer', async () => {
    const url = new URL(node.issuer);
    const as = await oauth.processDiscoveryResponse(
      url,
      await oauth.discoveryRequest(url, { ...plain, algorithm: 'oauth2' }),
    );
    const resourceServer: oauth.Client = { client_id: server.clientId };
    const authentication = oauth.ClientSecretBasic(server.clientSecret);
    const token = String((await node.token({ ...caller, resource: API })).body['access_token']);
    const introspect = async (signed: boolean): Promise<[oauth.IntrospectionResponse, string]> => {
      const options = { ...plain, requestJwtResponse: signed };
      const response = await oauth.introspectionRequest(as, resourceServer, authentication, token, options);
      const type = response.headers.get('content-type') ?? '';
      const verified = await oauth.processIntrospectionResponse(as, resourceServer, response);
      if (signed) await oauth.validateApplicationLevelSignature(as, response, plain);
      return [verified, type];
    };
    expect(await introspect(false)).toEqual([
      expect.objectContaining({ active: true, aud: API }),
      'application/json; charset=utf-8',
    ]);
    expect(await introspect(true)).toEqual([
      expect.objectContaining({ active: true, aud: API, client_id: caller.clientId }),
      'application/token-introspection+jwt',
    ]);
    const revocation = await oauth.revocationRequest(
      as,
      { client_id: caller.clientId },
      oauth.ClientSecretPost(caller.clientSecret),
      token,
      plain,
    );
    await oauth.processRevocationResponse(revocation);
    for (const signed of [false, true]) expect((await introspect(signed))[0]).toEqual({ active: false });
  });

  it('is signed for those who prefer it by name, and plain JSON for all others', async () => {
    const signed = 'application/token-introspection+jwt';
    const typeFor = async (accept?: string): Promise<string | undefined> => {
      const { headers } = await node.post(
        '/introspect',
        { token: 'x' },
        server,
        accept === undefined ? {} : { accept },
      );
      return headers.get('content-type')?.split(';')[0];
    };
    for (const accept of [
      signed,
      signed.toUpperCase(),
      `${signed}, application/json;q=0.9`,
      `*/*;q=0.1, ${signed}`,
    ]) {
      expect([accept, await typeFor(accept)]).toEqual([accept, signed]);
    }
    const plainly = [
      undefined,
      '*/*',
      'application/*',
      'application/json',
      `application/json, ${signed};q=0.5`,
      `${signed};q=0`,
      ',;q=x',
    ];
    for (const accept of plainly)
      expect([accept, await typeFor(accept)]).toEqual([accept, 'application/json']);
  });

  it('is signed for the one who asked, with the type of the RFC', async () => {
    const response = await fetch(`${node.issuer}/introspect`, {
      method: 'POST',
      headers: { accept: 'application/token-introspection+jwt' },
      body: new URLSearchParams({
        token: 'x',
        client_id: server.clientId,
        client_secret: server.clientSecret,
      }),
    });
    const keys = jose.createRemoteJWKSet(new URL(`${node.issuer}/jwks`));
    const { payload } = await jose.jwtVerify(await response.text(), keys, {
      issuer: node.issuer,
      audience: server.clientId,
      typ: 'token-introspection+jwt',
    });
    expect(payload['token_introspection']).toEqual({ active: false });
    expect(payload).not.toHaveProperty('sub');
    expect(payload).not.toHaveProperty('exp');
  });
});

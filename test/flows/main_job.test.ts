import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import { startNodes, type Credentials, type Json, type Node } from '../support/gatehouse.js';

const API = 'urn:shop:inventory';
let node: Node;
let dispose: () => Promise<void>;
let orders: Credentials;
let inventory: Credentials;

beforeAll(async () => {
  const started = await startNodes(1);
  [node] = started.nodes as [Node];
  dispose = started.dispose;
  const scopes = [
    { name: 'inventory:read', description: '' },
    { name: 'inventory:write', description: 'Change stock' },
  ];
  expect((await node.admin('POST', '/apis', { audience: API, scopes })).status).toBe(201);
  const grants = [{ audience: API, scopes: ['inventory:read'] }];
  orders = (await node.admin('POST', '/clients', { name: 'orders', grants })).body as unknown as Credentials;
  inventory = (await node.admin('POST', '/clients', { name: 'inventory', serves: [API] }))
    .body as unknown as Credentials;
});
afterAll(() => dispose());

const ask = (
  form: Record<string, string> = {},
  client: Credentials = orders,
  headers: Record<string, string> = {},
): Promise<Json> => node.post('/token', { grant_type: 'client_credentials', ...form }, client, headers);
const introspect = (token: string, client: Credentials): Promise<Json> =>
  node.post('/introspect', { token }, client);
const tokenOf = async (form: Record<string, string> = {}): Promise<string> =>
  String((await ask(form)).body['access_token']);

describe('client_credentials (RFC 6749 section 4.4, RFC 9068)', () => {
  it('issues a JWT that jose verifies through discovery and JWKS', async () => {
    const token = await tokenOf({ resource: API, scope: 'inventory:read' });
    const meta = (await (await fetch(`${node.issuer}/.well-known/openid-configuration`)).json()) as {
      jwks_uri: string;
      issuer: string;
    };
    const keys = jose.createRemoteJWKSet(new URL(meta.jwks_uri));
    const { payload, protectedHeader } = await jose.jwtVerify(token, keys, {
      issuer: meta.issuer,
      audience: API,
      typ: 'at+jwt',
    });
    expect(protectedHeader.alg).toBe('ES256');
    expect(payload).toMatchObject({
      sub: orders.clientId,
      client_id: orders.clientId,
      scope: 'inventory:read',
    });
  });

  it('finds the one API without a resource parameter', async () => {
    expect(jose.decodeJwt(await tokenOf()).aud).toBe(API);
  });

  it('names the scope that is not granted', async () => {
    const { status, body } = await ask({ scope: 'inventory:write' });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: 'invalid_scope',
      error_description: expect.stringContaining('inventory:write'),
    });
  });

  it('refuses a resource without a grant with invalid_target (RFC 8707 section 2)', async () => {
    expect((await ask({ resource: 'urn:shop:payments' })).body['error']).toBe('invalid_target');
  });

  it('answers a wrong secret and an unknown client alike, with a challenge', async () => {
    const wrong = await ask({}, { ...orders, clientSecret: 'ghs_wrong' });
    const unknown = await ask({}, { clientId: 'nobody', clientSecret: 'ghs_wrong' });
    for (const { status, body, headers } of [wrong, unknown]) {
      expect(status).toBe(401);
      expect(body['error']).toBe('invalid_client');
      expect(headers.get('www-authenticate')).toContain('Basic');
    }
    const text = ({ body }: Json): string => String(body['error_description']).replace(/\(request .*/, '');
    expect(text(wrong)).toBe(text(unknown));
  });

  it('never locks the real client out after the guesses of a stranger', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 40 }, () => ask({}, { ...orders, clientSecret: 'ghs_guess' })),
    );
    expect(guesses.some(({ status }) => status === 401)).toBe(true);
    expect((await ask({}, { ...orders, clientSecret: 'ghs_guess' })).status).toBe(429);
    expect((await ask()).status).toBe(200);
  });
});

describe('introspection (RFC 7662)', () => {
  it('tells the resource server of the audience, and nobody else', async () => {
    const token = await tokenOf();
    expect((await introspect(token, inventory)).body).toMatchObject({
      active: true,
      aud: API,
      client_id: orders.clientId,
    });
    expect((await introspect(token, orders)).body).toEqual({ active: false });
  });

  it('answers malformed, tampered and foreign tokens with exactly {"active":false}', async () => {
    const token = await tokenOf();
    const { privateKey } = await jose.generateKeyPair('ES256');
    const foreign = await new jose.SignJWT({ ...jose.decodeJwt(token) })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: jose.decodeProtectedHeader(token).kid ?? '' })
      .sign(privateKey);
    for (const bad of ['x', 'a.b.c', `${token.slice(0, -4)}AAAA`, foreign, 'gho_' + 'A'.repeat(43)]) {
      expect((await introspect(bad, inventory)).body).toEqual({ active: false });
    }
  });
});

describe('revocation (RFC 7009)', () => {
  it('ends a JWT at once', async () => {
    const token = await tokenOf();
    expect((await node.post('/revoke', { token }, orders)).status).toBe(200);
    expect((await introspect(token, inventory)).body).toEqual({ active: false });
  });

  it('ends all tokens of a client, and none that it fetches later', async () => {
    const before = await tokenOf();
    expect(
      (await node.admin('POST', '/revocations', { kind: 'client', subject: orders.clientId })).status,
    ).toBe(201);
    expect((await introspect(before, inventory)).body).toEqual({ active: false });
    expect((await introspect(await tokenOf(), inventory)).body['active']).toBe(true);
  });

  it('ends all tokens of a signing key, takes it out of JWKS, and a successor signs', async () => {
    const before = await tokenOf();
    const { kid = '' } = jose.decodeProtectedHeader(before);
    expect((await node.admin('POST', '/revocations', { kind: 'key', subject: kid })).status).toBe(201);
    expect((await introspect(before, inventory)).body).toEqual({ active: false });
    const { keys } = (await (await fetch(`${node.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
    expect(keys.map((key) => key.kid)).not.toContain(kid);
    const after = await tokenOf();
    expect(keys.map((key) => key.kid)).toContain(jose.decodeProtectedHeader(after).kid);
    expect((await introspect(after, inventory)).body['active']).toBe(true);
  });
});

describe('opaque tokens', () => {
  it('are issued where the API says so, introspected and revoked', async () => {
    const audience = 'urn:shop:opaque';
    await node.admin('POST', '/apis', {
      audience,
      tokenFormat: 'opaque',
      scopes: [{ name: 'a', description: '' }],
    });
    await node.admin('PUT', `/clients/${orders.clientId}/grants/${encodeURIComponent(audience)}`, {
      scopes: ['a'],
    });
    await node.admin('PATCH', `/clients/${inventory.clientId}`, { serves: [API, audience] });
    const token = await tokenOf({ resource: audience });
    expect(token).toMatch(/^gho_/);
    expect((await introspect(token, inventory)).body).toMatchObject({ active: true, aud: audience });
    expect((await node.post('/revoke', { token }, orders)).status).toBe(200);
    expect((await introspect(token, inventory)).body).toEqual({ active: false });
  });
});

describe('oauth4webapi, unmodified', () => {
  it('discovers, fetches with private_key_jwt and DPoP, and is refused a replayed assertion', async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
    const jwks = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
    const created = await node.admin('POST', '/clients', {
      name: 'signer',
      authMethods: ['private_key_jwt'],
      jwks,
      grants: [{ audience: API, scopes: ['inventory:read'] }],
    });
    expect(created.status).toBe(201);
    // The test server speaks plain HTTP on loopback.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to deter, and there is no other switch
    const insecure = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(node.issuer);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    const client = { client_id: String(created.body['clientId']) };
    const bodies: string[] = [];
    const dpop = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth.PrivateKeyJwt({ key: privateKey, kid: 'k1' }),
      { resource: API },
      {
        ...insecure,
        DPoP: dpop,
        [oauth.customFetch]: (url, init) => {
          bodies.push(String(init.body));
          return fetch(url, { ...init, body: String(init.body) });
        },
      },
    );
    const result = await oauth.processClientCredentialsResponse(as, client, response);
    expect(result.token_type).toBe('dpop');
    expect(jose.decodeJwt(result.access_token)['cnf']).toHaveProperty('jkt');
    const replay = await fetch(`${node.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams(bodies[0]),
    });
    expect(replay.status).toBe(401);
  });
});

describe('the door', () => {
  it('answers malformed requests with the standard error', async () => {
    const form = 'application/x-www-form-urlencoded';
    const send = (body: string, type = form): Promise<Response> =>
      fetch(`${node.issuer}/token`, { method: 'POST', body, headers: { 'content-type': type } });
    expect((await send('{}', 'application/json')).status).toBe(415);
    expect((await send('grant_type=a&grant_type=b')).status).toBe(400);
    expect((await send('x=%zz')).status).toBe(400);
    expect((await send('x='.padEnd(70_000, 'y'))).status).toBe(413);
    expect((await fetch(`${node.issuer}/token`)).status).toBe(405);
    expect((await fetch(`${node.issuer}/nowhere`)).status).toBe(404);
  });

  it('stops reading a body of unknown length that is too long', async () => {
    const [chunk, chunks] = ['x'.repeat(10_000), 10];
    const answer = await new Promise<{ status: number | undefined; connection: string | undefined }>(
      (resolve, reject) => {
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const request = http.request(`${node.issuer}/token`, { method: 'POST', headers }, (response) => {
          response.resume();
          resolve({ status: response.statusCode, connection: response.headers.connection });
        });
        request.on('error', reject);
        for (let i = 0; i < chunks; i += 1) request.write(chunk);
      },
    );
    expect(answer).toEqual({ status: 413, connection: 'close' });
  });

  it('does not count a request that its sender broke off as a fault of the server', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '100' };
    const request = http.request(`${node.issuer}/token`, { method: 'POST', headers });
    request.on('error', () => undefined);
    const sent = new Promise((resolve) => request.write('grant_type=', resolve));
    const known = node.process.records().length;
    await sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    request.destroy();
    const record = await node.process.until('a record of it', () =>
      node.process
        .records()
        .slice(known)
        .find((each) => each['http.response.status_code'] === 499),
    );
    expect(record).toMatchObject({ level: 'info', 'gatehouse.endpoint': 'token' });
    expect(record).not.toHaveProperty('error.type');
  });

  it('refuses a token of the public plane on the admin plane', async () => {
    const headers = { authorization: `Bearer ${await tokenOf({ resource: API })}` };
    expect((await fetch(`${node.adminUrl}/admin/v1/clients`, { headers })).status).toBe(401);
  });

  it('writes no secret and no token to its log', () => {
    const output = node.process.stdout() + node.process.stderr();
    expect(output).not.toContain(orders.clientSecret);
    expect(output).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
  });
});

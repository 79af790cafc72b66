import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import argon2 from 'argon2';
import * as jose from 'jose';
import { startGatehouse, type Credentials, type Json, type Node } from '../support/gatehouse.js';

const API = 'urn:clients:api';
const ALGS = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const;
const grants = [{ audience: API, scopes: ['a'] }];

let node: Node;
beforeAll(async () => {
  node = await startGatehouse({
    env: { GATEHOUSE_TRUSTED_PROXIES: '127.0.0.1/32', GATEHOUSE_AUTH_FAILURES_PER_NETWORK: '10000' },
  });
  await node.createApi(API, ['a']);
}, 120_000);
afterAll(() => node.stop());

const ask = (client: Credentials, headers: Record<string, string> = {}): Promise<Json> =>
  node.token({ ...client, resource: API }, headers);

describe('secrets that people chose elsewhere', () => {
  const chosen = 'Grüße 🔑 '.repeat(20);

  it('works as a text that was chosen, to its last byte', async () => {
    const { clientId, clientSecret } = await node.createClient({
      name: 'chosen',
      grants,
      secret: { value: chosen },
    });
    // What the operator knows already is not said again.
    expect(clientSecret).toBe('');
    for (let use = 0; use < 3; use += 1)
      expect((await ask({ clientId, clientSecret: chosen })).status).toBe(200);
    expect((await ask({ clientId, clientSecret: `${chosen.slice(0, -1)}x` })).status).toBe(401);
    expect((await ask({ clientId, clientSecret: chosen.slice(0, 72) })).status).toBe(401);
  });

  it('works as an argon2id hash that another system made', async () => {
    const hash = await argon2.hash(chosen, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
    const { clientId } = await node.createClient({ name: 'imported', grants, secret: { argon2: hash } });
    for (let use = 0; use < 3; use += 1)
      expect((await ask({ clientId, clientSecret: chosen })).status).toBe(200);
    expect((await ask({ clientId, clientSecret: hash })).status).toBe(401);
    const { body } = await node.admin('GET', `/clients/${clientId}`);
    expect(JSON.stringify(body)).not.toContain('argon2id$');
    expect((await node.admin('PATCH', `/clients/${clientId}`, { enabled: false })).status).toBe(200);
    // The cache of verified digests forgets with the change.
    expect((await ask({ clientId, clientSecret: chosen })).status).toBe(401);
  });

  it('refuses a hash that would stop the server or say nothing', async () => {
    const hash = await argon2.hash('x', { memoryCost: 1024, timeCost: 2, parallelism: 1 });
    for (const bad of [
      hash.replace('m=1024', 'm=4194304'),
      hash.replace('argon2id', 'argon2x'),
      '$argon2id$',
      'x',
    ]) {
      const answer = await node.admin('POST', '/clients', { name: 'bad', grants, secret: { argon2: bad } });
      expect([bad, answer.status]).toEqual([bad, 400]);
    }
  });

  it('serves clients with generated secrets while guesses of a chosen one storm in', async () => {
    const { clientId } = await node.createClient({ name: 'stormed', grants, secret: { value: chosen } });
    const generated = await node.createClient({ name: 'generated', grants });
    const guesses = Array.from({ length: 60 }, (_, guess) =>
      ask({ clientId, clientSecret: `guess ${guess}` }, { 'x-forwarded-for': `203.0.113.${guess}` }),
    );
    const served = Array.from({ length: 20 }, () => ask(generated));
    for (const { status } of await Promise.all(served)) expect(status).toBe(200);
    for (const { status, headers } of await Promise.all(guesses)) {
      expect([401, 429, 503]).toContain(status);
      if (status !== 401) expect(headers.get('retry-after')).toMatch(/^\d+$/);
    }
    const real = await ask({ clientId, clientSecret: chosen }, { 'x-forwarded-for': '198.51.100.7' });
    expect(real.status).toBe(200);
  }, 60_000);
});

describe('signing algorithms of APIs (RFC 9068, RFC 8725)', () => {
  it.each(ALGS)('%s signs what JWKS verifies', async (alg) => {
    const audience = `urn:alg:${alg.toLowerCase()}`;
    await node.createApi(audience, ['a'], { signingAlg: alg, tokenTtl: 120 });
    const client = await node.createClient({ name: alg, grants: [{ audience, scopes: ['a'] }] });
    const { status, body } = await node.token({ ...client, resource: audience });
    expect([status, body['expires_in']]).toEqual([200, 120]);
    const keys = jose.createRemoteJWKSet(new URL(`${node.issuer}/jwks`));
    const { payload, protectedHeader } = await jose.jwtVerify(String(body['access_token']), keys, {
      issuer: node.issuer,
      audience,
      typ: 'at+jwt',
      algorithms: [alg],
    });
    expect(protectedHeader.alg).toBe(alg);
    expect(payload).toMatchObject({ sub: client.clientId, client_id: client.clientId, scope: 'a' });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(120);
  });
});

describe('networks that a client may authenticate from', () => {
  it('go by the address that a trusted proxy names', async () => {
    const client = await node.createClient({
      name: 'networked',
      grants,
      allowedNetworks: ['203.0.113.0/24', '2001:db8::/32'],
    });
    const from = async (address: string): Promise<number> =>
      (await ask(client, { 'x-forwarded-for': address })).status;
    expect(await from('203.0.113.9')).toBe(200);
    expect(await from('2001:db8::1')).toBe(200);
    expect(await from('198.51.100.1')).toBe(401);
    // The nearest address that no trusted proxy has counts; what the client itself writes before it does not.
    expect(await from('203.0.113.9, 198.51.100.1')).toBe(401);
    expect((await ask(client)).status).toBe(401);
  });
});

describe('a public client', () => {
  it('gets no token for itself (RFC 6749 section 4.4)', async () => {
    const client = await node.createClient({
      name: 'page',
      type: 'spa',
      redirectUris: ['https://spa.example/'],
    });
    const form = { grant_type: 'client_credentials', client_id: client.clientId };
    const { status, body } = await node.post('/token', form);
    expect([status, body['error']]).toEqual([400, 'unauthorized_client']);
  });
});

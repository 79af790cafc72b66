/**
 * What goes on and what stops while a store is away (DESIGN: when something fails). Runs where a connection lies between
 * the server and its stores that a proxy can cut: PostgreSQL alone, and PostgreSQL with one Redis.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as jose from 'jose';
import { ASSERTION_TYPE } from '../support/assertions.js';
import { startGatehouse, type Credentials, type Json, type Node } from '../support/gatehouse.js';
import { severableProxy, through, type SeverableProxy } from '../support/severable.js';
import { storeUnderTest, type StoreUnderTest } from '../support/stores.js';

const API = 'urn:outage:api';
const OPAQUE = 'urn:outage:opaque';
const STALENESS = 12;
const REVOCATION_STALENESS = 6;
const withRedis = process.env['GATEHOUSE_TEST_STORE'] === 'redis';

let store: StoreUnderTest;
let sql: SeverableProxy;
/** Without Redis the ephemeral store is the database. */
let ephemeral: SeverableProxy;
let node: Node;
let caller: Credentials;
let server: Credentials;
let stranger: Credentials;
let signer: string;
let assertionKey: jose.CryptoKey;
const issued: string[] = [];

async function proxyTo(url: string): Promise<SeverableProxy> {
  const { hostname, port } = new URL(url);
  return severableProxy(hostname, Number(port));
}

beforeAll(async () => {
  store = await storeUnderTest();
  const { databaseUrl = '', redisUrl } = store;
  sql = await proxyTo(databaseUrl);
  ephemeral = redisUrl === undefined ? sql : await proxyTo(redisUrl);
  node = await startGatehouse({
    store: {
      ...store,
      databaseUrl: through(sql, databaseUrl),
      ...(redisUrl === undefined ? {} : { redisUrl: through(ephemeral, redisUrl) }),
    },
    env: {
      GATEHOUSE_MAX_STALENESS: String(STALENESS),
      GATEHOUSE_MAX_REVOCATION_STALENESS: String(REVOCATION_STALENESS),
      GATEHOUSE_CLIENT_CACHE_SIZE: '100',
    },
  });
  await node.createApi(API, ['a']);
  await node.createApi(OPAQUE, ['a'], { tokenFormat: 'opaque' });
  const grants = [API, OPAQUE].map((audience) => ({ audience, scopes: ['a'] }));
  caller = await node.createClient({ name: 'caller', grants });
  server = await node.createClient({ name: 'server', serves: [API, OPAQUE] });
  stranger = await node.createClient({ name: 'stranger', grants });
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
  assertionKey = privateKey;
  const jwks = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] };
  signer = (await node.createClient({ name: 'signer', authMethods: ['private_key_jwt'], jwks, grants }))
    .clientId;
  await warm();
}, 120_000);
afterAll(async () => {
  await node.terminate();
  await sql.close();
  if (ephemeral !== sql) await ephemeral.close();
  await store.dispose();
});

const ask = (client: Credentials, resource = API): Promise<Json> => node.token({ ...client, resource });
async function fetchToken(): Promise<string> {
  const { status, body } = await ask(caller);
  expect([status, body['error_description']]).toEqual([200, undefined]);
  const token = String(body['access_token']);
  issued.push(String(jose.decodeJwt(token).jti));
  return token;
}
const newAssertion = (): Promise<string> =>
  new jose.SignJWT({ iss: signer, sub: signer, aud: node.issuer, jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuedAt()
    .setExpirationTime('120s')
    .sign(assertionKey);
const assert = async (assertion?: string): Promise<Json> =>
  node.post('/token', {
    grant_type: 'client_credentials',
    resource: API,
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion ?? (await newAssertion()),
  });
/** Everything that the tests rely on is in the caches. */
async function warm(): Promise<void> {
  const token = await fetchToken();
  expect((await node.introspect(token, server)).body['active']).toBe(true);
  expect((await assert()).status).toBe(200);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
async function eventually(what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come about`);
    await pause(200);
  }
}
function expectAway({ status, body, headers }: Json): void {
  expect([status, body['error'] ?? body['type']]).toEqual([
    503,
    body['error'] === undefined ? 'urn:gatehouse:problem:temporarily_unavailable' : 'temporarily_unavailable',
  ]);
  expect(headers.get('retry-after')).toMatch(/^\d+$/);
}
async function readiness(): Promise<{ status: number; checks: Record<string, { ok: boolean }> }> {
  const response = await fetch(`${node.adminUrl}/readyz`);
  const { checks } = (await response.json()) as { checks: Record<string, { ok: boolean }> };
  return { status: response.status, checks };
}

describe('while the database is away', () => {
  let before: string;
  let refused: string;
  let admin: string;

  it('goes on with what it knows: discovery, JWKS, tokens of known clients, introspection', async () => {
    [before, admin] = [await fetchToken(), await node.adminToken()];
    await sql.cut();
    for (const path of ['/.well-known/openid-configuration', '/jwks']) {
      expect((await fetch(node.url + path)).status).toBe(200);
    }
    for (let request = 0; request < 20; request += 1) await fetchToken();
    expect((await node.introspect(before, server)).body['active']).toBe(true);
  }, 60_000);

  it('says 503 where it cannot know: unknown clients, opaque tokens, revocations, admin writes', async () => {
    expectAway(await ask(stranger));
    expectAway(await ask({ clientId: 'c_unknown', clientSecret: 'ghs_unknown' }));
    if (!withRedis) expectAway(await ask(caller, OPAQUE));
    expectAway(await node.revoke(before, caller));
    const response = await fetch(`${node.adminUrl}/admin/v1/clients`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'never' }),
    });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).not.toBeNull();
  }, 60_000);

  it('refuses a wrong secret all the same', async () => {
    expect((await ask({ ...caller, clientSecret: 'ghs_wrong' })).status).toBe(401);
  });

  it('lives, is ready, and names what is missing', async () => {
    expect((await fetch(`${node.adminUrl}/healthz`)).status).toBe(200);
    expect((await readiness()).checks['sql']?.ok).toBe(false);
  });

  it('stops with 503, never with a wrong answer, once what it knows is too old', async () => {
    const answers = new Set<string>();
    await eventually('503 for tokens and introspection', async () => {
      const [token, introspection] = [await ask(caller), await node.introspect(before, server)];
      if (token.status === 200) issued.push(String(jose.decodeJwt(String(token.body['access_token'])).jti));
      answers.add(`token ${token.status}`);
      answers.add(`introspection ${introspection.status} ${String(introspection.body['active'])}`);
      return token.status === 503 && introspection.status === 503;
    });
    expect([...answers].sort()).toEqual([
      'introspection 200 true',
      'introspection 503 undefined',
      'token 200',
      'token 503',
    ]);
    expect((await readiness()).status).toBe(503);
    refused = await newAssertion();
    expectAway(await assert(refused));
  }, 90_000);

  it('recovers by itself, and has lost no event and recorded none twice', async () => {
    await sql.restore();
    await eventually('readiness', async () => (await readiness()).status === 200);
    await eventually('the other clients', async () => (await ask(stranger)).status === 200);
    expect((await node.introspect(before, server)).body['active']).toBe(true);
    // What was answered with 503 was not used up.
    expect((await assert(refused)).status).toBe(200);
    expect((await assert(refused)).status).toBe(401);
    const { body } = await node.admin('GET', '/clients?name=never');
    expect(body['items']).toEqual([]);
    await eventually('the replay of the spool', async () => {
      const recorded = await recordedTokens();
      return issued.every((jti) => recorded.filter((other) => other === jti).length === 1);
    });
  }, 120_000);
});

async function recordedTokens(): Promise<string[]> {
  const found: string[] = [];
  let cursor = '';
  for (let page = 0; page < 100; page += 1) {
    const path = `/audit?type=token.issued&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const { body } = await node.admin('GET', path);
    found.push(...(body['items'] as { subject: { id: string } }[]).map(({ subject }) => subject.id));
    if (typeof body['nextCursor'] !== 'string') return found;
    cursor = body['nextCursor'];
  }
  return found;
}

describe('while the database hangs', () => {
  it('goes on for known clients, answers 503 to the others within seconds, and recovers', async () => {
    await warm();
    sql.hang();
    for (let request = 0; request < 5; request += 1) await fetchToken();
    expectAway(await ask({ clientId: 'c_unknown_too', clientSecret: 'ghs_unknown' }));
    expect((await fetch(`${node.adminUrl}/healthz`)).status).toBe(200);
    await sql.restore();
    await eventually('readiness', async () => (await readiness()).checks['sql']?.ok === true);
    await eventually('tokens', async () => (await ask(caller)).status === 200);
  }, 120_000);
});

describe('while the ephemeral store is away', () => {
  it('goes on with JWTs and their limits, and refuses what it would have to remember', async () => {
    await eventually('tokens', async () => (await ask(caller)).status === 200);
    await warm();
    await ephemeral.cut();
    await fetchToken();
    expectAway(await ask(caller, OPAQUE));
    // Without the replay guard an assertion could be used twice: fail closed.
    expectAway(await assert());
    const guesses = [];
    for (let guess = 0; guess < 15; guess += 1) {
      guesses.push((await ask({ ...caller, clientSecret: 'ghs_guess' })).status);
    }
    expect(guesses.every((status) => status === 401 || status === 429)).toBe(true);
    expect(guesses).toContain(429);
    await fetchToken();
    expect((await readiness()).checks['ephemeral']?.ok).toBe(false);
    await ephemeral.restore();
    await eventually('opaque tokens', async () => (await ask(caller, OPAQUE)).status === 200);
    await eventually('assertions', async () => (await assert()).status === 200);
  }, 120_000);
});

import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as jose from 'jose';
import {
  ASSERTION_TYPE,
  assertionClaims,
  newClientKey,
  nowSeconds,
  signAssertion,
  type ClientKey,
} from '../support/assertions.js';
import { startGatehouse, type Credentials, type Json, type Node } from '../support/gatehouse.js';
import { startJwksSource, type JwksSource } from '../support/jwks_source.js';

const API = 'urn:keys:api';
let node: Node;
let source: JwksSource;
let server: Credentials;
/** Everything that was sent, to be looked for in the log. */
const sent: string[] = [];

beforeAll(async () => {
  source = await startJwksSource();
  node = await startGatehouse({
    env: {
      GATEHOUSE_DANGER_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
      GATEHOUSE_AUTH_FAILURES_PER_CLIENT: '10000',
      GATEHOUSE_AUTH_FAILURES_PER_NETWORK: '10000',
      GATEHOUSE_LOG_LEVEL: 'debug',
    },
  });
  await node.createApi(API, ['a']);
  server = await node.createClient({ name: 'server', serves: [API] });
}, 120_000);
afterAll(async () => {
  await node.stop();
  await source.close();
});

async function register(fields: object): Promise<string> {
  const grants = [{ audience: API, scopes: ['a'] }];
  const client = { name: randomUUID(), authMethods: ['private_key_jwt'], grants, serves: [API], ...fields };
  return (await node.createClient(client)).clientId;
}
const byValue = (...keys: ClientKey[]): Promise<string> =>
  register({ jwks: { keys: keys.map(({ jwk }) => jwk) } });
async function byUri(...keys: jose.JWK[]): Promise<{ clientId: string; path: string }> {
  const path = `/${randomUUID()}`;
  source.serve(path, keys);
  return { clientId: await register({ jwksUri: source.url + path }), path };
}

const right = (clientId: string): Record<string, unknown> => assertionClaims(clientId, node.issuer);
const withAssertion = (assertion: string): Record<string, string> => {
  sent.push(assertion);
  return { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion };
};
const present = (assertion: string, more: Record<string, string> = {}, basic?: Credentials): Promise<Json> =>
  node.post('/token', { grant_type: 'client_credentials', ...withAssertion(assertion), ...more }, basic);
const outcome = async (answer: Promise<Json>): Promise<unknown> => {
  const { status, body } = await answer;
  return status === 200 ? 200 : [status, body['error']];
};
const REFUSED = [401, 'invalid_client'];

describe('which key checks an assertion (RFC 7515 section 4.1, RFC 7517 section 4)', () => {
  it('is each that fits when the assertion names none, as during a rotation', async () => {
    const [old, successor, foreign] = [await newClientKey(), await newClientKey(), await newClientKey()];
    const uri = await byUri(old.jwk, successor.jwk);
    for (const clientId of [await byValue(old, successor), uri.clientId]) {
      for (const key of [old, successor]) {
        const nameless = await signAssertion(key, right(clientId), { kid: undefined });
        expect(await outcome(present(nameless))).toBe(200);
        expect(await outcome(present(nameless))).toEqual(REFUSED);
      }
      const wrong = await signAssertion(foreign, right(clientId), { kid: undefined });
      expect(await outcome(present(wrong))).toEqual(REFUSED);
      const late = { ...right(clientId), exp: nowSeconds() - 60 };
      expect(await outcome(present(await signAssertion(old, late, { kid: undefined })))).toEqual(REFUSED);
    }
  });

  it('is never one for encryption, for another use or algorithm, or a symmetric one', async () => {
    const cases: [ClientKey, jose.JWK][] = [];
    for (const members of [{ use: 'enc' }, { key_ops: ['encrypt'] }, { alg: 'ES384' }]) {
      const key = await newClientKey('ES256', { use: undefined as never });
      cases.push([key, { ...key.jwk, ...members }]);
    }
    const rs = await newClientKey('RS256');
    cases.push([
      { ...rs, alg: 'RS256' },
      { ...rs.jwk, alg: 'PS256' },
    ]);
    for (const [key, jwk] of cases) {
      const { clientId } = await byUri(jwk);
      expect([jwk, await outcome(present(await signAssertion(key, right(clientId))))]).toEqual([
        jwk,
        REFUSED,
      ]);
    }
    const k = Buffer.alloc(32, 7);
    const { clientId } = await byUri({ kty: 'oct', kid: 'k', alg: 'HS256', k: k.toString('base64url') });
    const hmac = new jose.SignJWT(right(clientId)).setProtectedHeader({ alg: 'HS256', kid: 'k' });
    expect(await outcome(present(await hmac.sign(k)))).toEqual(REFUSED);
  });

  it('is no RSA key of 1024 bits, wherever it comes from (RFC 7518 section 3.3)', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = {
      ...publicKey.export({ format: 'jwk' }),
      kid: 'small',
      alg: 'RS256',
      use: 'sig',
    } as jose.JWK;
    const small = { name: 'small', authMethods: ['private_key_jwt'], jwks: { keys: [jwk] } };
    expect((await node.admin('POST', '/clients', small)).status).toBe(400);
    const { clientId } = await byUri(jwk);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${part({ alg: 'RS256', kid: 'small' })}.${part(right(clientId))}`;
    const assertion = `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    expect(await outcome(present(assertion))).toEqual(REFUSED);
  });

  it('is never one that the assertion brings along or points at', async () => {
    const [registered, own] = [await newClientKey(), await newClientKey()];
    const clientId = await byValue(registered);
    source.serve('/own', [own.jwk]);
    const headers = [{ jwk: own.jwk }, { jku: `${source.url}/own` }, { x5u: `${source.url}/own` }];
    for (const header of headers) {
      const kid = registered.kid;
      expect(await outcome(present(await signAssertion(own, right(clientId), { ...header, kid })))).toEqual(
        REFUSED,
      );
    }
    expect(source.fetches.get('/own')).toBeUndefined();
  });

  it('is the registered one of this moment: what an administrator replaces is refused at once', async () => {
    const [old, successor] = [await newClientKey(), await newClientKey()];
    const clientId = await byValue(old);
    expect(await outcome(present(await signAssertion(old, right(clientId))))).toBe(200);
    const jwks = { keys: [successor.jwk] };
    expect((await node.admin('PATCH', `/clients/${clientId}`, { jwks })).status).toBe(200);
    expect(await outcome(present(await signAssertion(old, right(clientId))))).toEqual(REFUSED);
    expect(await outcome(present(await signAssertion(successor, right(clientId))))).toBe(200);
  });

  it('takes both names of EdDSA over Ed25519 (RFC 9864)', async () => {
    for (const members of [{}, { alg: 'Ed25519' }, { alg: undefined as never }]) {
      const key = await newClientKey('EdDSA', members);
      const clientId = await byValue(key);
      for (const alg of ['EdDSA', 'Ed25519']) {
        const assertion = await signAssertion(key, right(clientId), { alg });
        expect([alg, await outcome(present(assertion))]).toEqual([alg, 200]);
      }
    }
  });
});

describe('a client assertion (RFC 7521 section 4.2, RFC 7523 section 3)', () => {
  let key: ClientKey;
  let clientId: string;
  beforeAll(async () => {
    key = await newClientKey();
    clientId = await byValue(key);
  });

  it('authenticates at introspection and revocation too, and is used up by either', async () => {
    const { body } = await present(await signAssertion(key, right(clientId)));
    const token = String(body['access_token']);
    const once = await signAssertion(key, right(clientId));
    expect((await node.post('/introspect', { token, ...withAssertion(once) })).body).toMatchObject({
      active: true,
    });
    expect(await outcome(present(once))).toEqual(REFUSED);
    expect(await outcome(node.post('/revoke', { token, ...withAssertion(once) }))).toEqual(REFUSED);
    const another = await signAssertion(key, right(clientId));
    expect((await node.post('/revoke', { token, ...withAssertion(another) })).status).toBe(200);
    expect((await node.introspect(token, server)).body).toEqual({ active: false });
  });

  it('keeps its id unused when it is refused, and apart from the ids of others', async () => {
    const other = await byValue(key);
    const { jti, ...claims } = right(clientId);
    const wrong = await signAssertion(key, { ...claims, jti, aud: 'https://other.example' });
    expect(await outcome(present(wrong))).toEqual(REFUSED);
    expect(await outcome(present(await signAssertion(key, { ...right(other), jti })))).toBe(200);
    expect(await outcome(present(await signAssertion(key, { ...claims, jti })))).toBe(200);
    expect(await outcome(present(await signAssertion(key, { ...right(clientId), jti })))).toEqual(REFUSED);
  });

  it('is refused when it is too long, has a critical extension, or is no JWS', async () => {
    const long = { ...right(clientId), padding: 'x'.repeat(8192) };
    expect(await outcome(present(await signAssertion(key, long)))).toEqual(REFUSED);
    const critical = new jose.SignJWT(right(clientId)).setProtectedHeader({
      alg: 'ES256',
      kid: key.kid,
      crit: ['urn:x'],
      'urn:x': 1,
    });
    const signed = await critical.sign(key.privateKey, { crit: { 'urn:x': true } });
    expect(await outcome(present(signed))).toEqual(REFUSED);
    const [header, payload, signature] = (await signAssertion(key, right(clientId))).split('.');
    for (const broken of [
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature}.x.y`,
    ]) {
      expect(await outcome(present(broken))).toEqual(REFUSED);
    }
  });

  it('stands alone (RFC 6749 section 2.3), and with its type', async () => {
    const secret = await node.createClient({ name: 'secret', grants: [{ audience: API, scopes: ['a'] }] });
    const make = (): Promise<string> => signAssertion(key, right(clientId));
    const invalid = [400, 'invalid_request'];
    expect(await outcome(present(await make(), {}, secret))).toEqual(invalid);
    expect(await outcome(present(await make(), {}, { clientId, clientSecret: 'x' }))).toEqual(invalid);
    const posted = { client_id: clientId, client_secret: 'x' };
    expect(await outcome(present(await make(), posted))).toEqual(invalid);
    expect(await outcome(present(await make(), { client_id: secret.clientId }))).toEqual(REFUSED);
    const untyped = { grant_type: 'client_credentials', client_assertion: await make() };
    expect(await outcome(node.post('/token', untyped))).toEqual(invalid);
    const bare = {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_assertion_type: ASSERTION_TYPE,
    };
    expect(await outcome(node.post('/token', bare))).toEqual(REFUSED);
    // A client that has a secret may not use an assertion, even one of a key that it never registered.
    expect(await outcome(present(await signAssertion(key, right(secret.clientId))))).toEqual(REFUSED);
  });
});

describe('a jwks_uri', () => {
  it('that trickles is given up in bounded time, and asked again soon after', async () => {
    const key = await newClientKey();
    const { clientId, path } = await byUri();
    const timers = new Set<NodeJS.Timeout>();
    let hungUp = false as boolean;
    source.serve(path, (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 50);
      timers.add(timer);
      response.on('close', () => {
        hungUp = true;
        clearInterval(timer);
      });
    });
    expect(await outcome(present(await signAssertion(key, right(clientId))))).toEqual([
      503,
      'temporarily_unavailable',
    ]);
    // The source would go on for ever: it was the server that ended it.
    const patience = Date.now() + 20_000;
    while (!hungUp) {
      expect(Date.now()).toBeLessThan(patience);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Nothing is known yet, and so nobody waits for a minute.
    source.serve(path, [key.jwk]);
    const deadline = Date.now() + 20_000;
    while ((await outcome(present(await signAssertion(key, right(clientId))))) !== 200) {
      expect(Date.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    for (const timer of timers) clearInterval(timer);
  }, 60_000);

  it('is asked once by many parallel requests', async () => {
    const key = await newClientKey();
    const { clientId, path } = await byUri(key.jwk);
    const uses = Array.from({ length: 20 }, async () => present(await signAssertion(key, right(clientId))));
    for (const { status } of await Promise.all(uses)) expect(status).toBe(200);
    expect(source.fetches.get(path)).toBe(1);
  });

  it('that holds damaged keys besides the right one does no harm', async () => {
    const key = await newClientKey();
    const damaged = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', alg: 'ES256', kid: 'damaged' };
    const { clientId } = await byUri(damaged, {}, { kty: 'WAT' }, key.jwk);
    expect(await outcome(present(await signAssertion(key, right(clientId))))).toBe(200);
    const named = await signAssertion(key, right(clientId), { kid: 'damaged' });
    expect(await outcome(present(named))).toEqual(REFUSED);
    const nameless = await signAssertion(key, right(clientId), { kid: undefined });
    expect(await outcome(present(nameless))).toBe(200);
  });
});

describe('the log', () => {
  it('holds no assertion', () => {
    const log = node.logs();
    expect(sent.length).toBeGreaterThan(50);
    expect(sent.filter((assertion) => log.includes(assertion.slice(-43)))).toEqual([]);
  });
});

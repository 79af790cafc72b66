import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
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
import { startJwksSource, type JwksSource } from '../support/jwks_source.js';
import { startNodes, severalProcesses, type Json, type Node } from '../support/gatehouse.js';

const API = 'urn:assertion:api';
const ALGS = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const;
const grants = [{ audience: API, scopes: ['a'] }];

let nodes: Node[];
let dispose: () => Promise<void>;
let node: Node;
const keys = new Map<string, ClientKey>();
let signer: string;

const keyOf = (alg: string): ClientKey => {
  const key = keys.get(alg);
  if (!key) throw new Error(`no key for ${alg}`);
  return key;
};

beforeAll(async () => {
  ({ nodes, dispose } = await startNodes(severalProcesses ? 2 : 1, {
    GATEHOUSE_DANGER_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
    GATEHOUSE_AUTH_FAILURES_PER_CLIENT: '10000',
    GATEHOUSE_AUTH_FAILURES_PER_NETWORK: '10000',
  }));
  node = nodes[0] as Node;
  await node.createApi(API, ['a']);
  for (const alg of ALGS) keys.set(alg, await newClientKey(alg));
  const jwks = { keys: [...keys.values()].map(({ jwk }) => jwk) };
  signer = await registered({ jwks });
}, 120_000);
afterAll(() => dispose());

async function registered(fields: object): Promise<string> {
  const client = await node.createClient({
    name: randomUUID(),
    authMethods: ['private_key_jwt'],
    grants,
    ...fields,
  });
  expect(client.clientSecret).toBe('');
  return client.clientId;
}

const claimsOf = (clientId: string): Record<string, unknown> => assertionClaims(clientId, node.issuer);

const present = (assertion: string, fields: Record<string, string> = {}, at: Node = node): Promise<Json> =>
  at.post('/token', {
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion,
    ...fields,
  });
const expectRefused = ({ status, body }: Json): void => {
  expect([status, body['error']]).toEqual([401, 'invalid_client']);
};

describe('private_key_jwt (RFC 7523 section 3, OpenID Connect Core section 9)', () => {
  it.each(ALGS)('takes an assertion signed with %s', async (alg) => {
    const { status, body } = await present(await signAssertion(keyOf(alg), claimsOf(signer)));
    expect([status, body['token_type']]).toEqual([200, 'Bearer']);
  });

  it('takes the issuer and the token endpoint as audience', async () => {
    for (const aud of [node.issuer, [node.issuer], await node.endpoint('token_endpoint')]) {
      const assertion = await signAssertion(keyOf('ES256'), { ...claimsOf(signer), aud });
      expect((await present(assertion)).status).toBe(200);
    }
  });

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['another audience', (claims) => ({ ...claims, aud: 'https://other.example' })],
    ['several audiences', (claims) => ({ ...claims, aud: [node.issuer, 'https://other.example'] })],
    ['no audience', ({ aud: _, ...claims }) => claims],
    ['another issuer', (claims) => ({ ...claims, iss: 'other' })],
    ['another subject', (claims) => ({ ...claims, sub: 'other' })],
    ['no expiry', ({ exp: _, ...claims }) => claims],
    ['an expiry in the past', (claims) => ({ ...claims, exp: nowSeconds() - 60 })],
    ['an expiry in the far future', (claims) => ({ ...claims, exp: nowSeconds() + 86_400 })],
    ['nbf in the future', (claims) => ({ ...claims, nbf: nowSeconds() + 120 })],
    ['iat in the future', (claims) => ({ ...claims, iat: nowSeconds() + 120 })],
    ['no jti', ({ jti: _, ...claims }) => claims],
    ['a jti that is no text', (claims) => ({ ...claims, jti: 1 })],
  ])('refuses %s', async (_name, change) => {
    expectRefused(await present(await signAssertion(keyOf('ES256'), change(claimsOf(signer)))));
  });

  it('refuses a foreign key, whether it takes a known kid or not', async () => {
    const foreign = await newClientKey('ES256');
    expectRefused(await present(await signAssertion(foreign, claimsOf(signer))));
    expectRefused(await present(await signAssertion(foreign, claimsOf(signer), { kid: keyOf('ES256').kid })));
  });

  it('refuses none and HMAC over what is public', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const none = `${part({ alg: 'none' })}.${part(claimsOf(signer))}.`;
    expectRefused(await present(none));
    const shared = Buffer.from(JSON.stringify(keyOf('RS256').jwk));
    const hmac = new jose.SignJWT(claimsOf(signer)).setProtectedHeader({
      alg: 'HS256',
      kid: keyOf('RS256').kid,
    });
    expectRefused(await present(await hmac.sign(shared)));
  });

  it('refuses the assertion of one client for another, and beside another method', async () => {
    const assertion = (): Promise<string> => signAssertion(keyOf('ES256'), claimsOf(signer));
    expect((await present(await assertion(), { client_id: 'other' })).status).toBeGreaterThanOrEqual(400);
    expect((await present(await assertion(), { client_id: signer })).status).toBe(200);
    const both = { client_id: signer, client_secret: 'ghs_x' };
    expect((await present(await assertion(), both)).status).toBeGreaterThanOrEqual(400);
    expect(
      (await present(await assertion(), { client_assertion_type: 'urn:other' })).status,
    ).toBeGreaterThanOrEqual(400);
  });

  it('gives one token for 20 parallel uses of one assertion, over all nodes', async () => {
    const assertion = await signAssertion(keyOf('ES256'), claimsOf(signer));
    const uses = Array.from({ length: 20 }, (_, use) => present(assertion, {}, nodes[use % nodes.length]));
    const statuses = (await Promise.all(uses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 401)).toHaveLength(19);
  });

  it('refuses a secret of a client that is to use its key', async () => {
    const answer = await node.token({ clientId: signer, clientSecret: 'ghs_guess' });
    expectRefused(answer);
  });
});

describe('keys by jwks_uri', () => {
  let source: JwksSource;
  beforeAll(async () => {
    source = await startJwksSource();
  });
  afterAll(() => source.close());
  const times = (path: string): number => source.fetches.get(path) ?? 0;
  const byUri = (path: string): Promise<string> => registered({ jwksUri: source.url + path });

  it('fetches once, goes on with known keys while they are down, asks at most once a minute, finds a new key', async () => {
    const [old, successor] = [await newClientKey('ES256'), await newClientKey('ES256')];
    const path = '/rotating';
    source.serve(path, [old.jwk]);
    const clientId = await byUri(path);
    for (let use = 0; use < 3; use += 1) {
      expect((await present(await signAssertion(old, claimsOf(clientId)))).status).toBe(200);
    }
    expect(times(path)).toBe(1);
    source.serve(path, [old.jwk, successor.jwk]);
    // The one look of this minute is used up: nobody can make the server ask for each unknown kid.
    for (let use = 0; use < 5; use += 1)
      expectRefused(await present(await signAssertion(successor, claimsOf(clientId))));
    expect(times(path)).toBe(1);
    source.serve(path, (response) => response.writeHead(500).end());
    expect((await present(await signAssertion(old, claimsOf(clientId)))).status).toBe(200);
    // A node that knows nothing yet sees the new key at once.
    source.serve(path, [successor.jwk]);
    await node.restart();
    expect((await present(await signAssertion(successor, claimsOf(clientId)))).status).toBe(200);
    expectRefused(await present(await signAssertion(old, claimsOf(clientId))));
  }, 60_000);

  it.each<[string, (response: ServerResponse) => void]>([
    ['is down', (response) => response.writeHead(500).end()],
    ['redirects', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['answers no JSON', (response) => response.end('<html>')],
    ['answers JSON that is no key set', (response) => response.end('{"keys":1}')],
    ['answers without end', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(2_000_000)}"}`)],
    ['never answers', () => undefined],
  ])(
    'says that it cannot check now, never that the client is wrong, when the source %s',
    async (name, broken) => {
      const key = await newClientKey('ES256');
      const path = `/${encodeURIComponent(name)}`;
      source.serve('/elsewhere', [key.jwk]);
      source.serve(path, broken);
      const clientId = await byUri(path);
      const { status, body, headers } = await present(await signAssertion(key, claimsOf(clientId)));
      expect([status, body['error']]).toEqual([503, 'temporarily_unavailable']);
      expect(headers.get('retry-after')).toMatch(/^\d+$/);
      expect(JSON.stringify(body)).not.toContain('127.0.0.1');
      expect([times(path), times('/elsewhere')]).toEqual([1, 0]);
    },
    60_000,
  );

  it('never reaches a loopback address that is not allowed', async () => {
    source.serve('/private', [keyOf('ES256').jwk]);
    await node.restart({ GATEHOUSE_DANGER_ALLOW_PRIVATE_NETWORKS: '192.0.2.0/24' });
    const clientId = await byUri('/private');
    expect((await present(await signAssertion(keyOf('ES256'), claimsOf(clientId)))).status).toBe(503);
    expect(times('/private')).toBe(0);
  }, 60_000);
});

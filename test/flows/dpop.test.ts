import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as jose from 'jose';
import {
  startNodes,
  severalProcesses,
  type Credentials,
  type Json,
  type Node,
} from '../support/gatehouse.js';

const API = 'urn:dpop:api';
const BOUND = 'urn:dpop:bound';

let nodes: Node[];
let dispose: () => Promise<void>;
let node: Node;
let caller: Credentials;
let server: Credentials;
let key: { privateKey: jose.CryptoKey; jwk: jose.JWK };
let other: { privateKey: jose.CryptoKey; jwk: jose.JWK };

async function newKey(alg = 'ES256'): Promise<typeof key> {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: await jose.exportJWK(publicKey) };
}

beforeAll(async () => {
  ({ nodes, dispose } = await startNodes(severalProcesses ? 2 : 1));
  node = nodes[0] as Node;
  await node.createApi(API, ['a']);
  await node.createApi(BOUND, ['b'], { tokenBinding: 'dpop' });
  const grants = [
    { audience: API, scopes: ['a'] },
    { audience: BOUND, scopes: ['b'] },
  ];
  caller = await node.createClient({ name: 'caller', grants });
  server = await node.createClient({ name: 'server', serves: [API, BOUND] });
  [key, other] = [await newKey(), await newKey()];
}, 120_000);
afterAll(() => dispose());

const seconds = (): number => Math.floor(Date.now() / 1000);

async function proof(claims: object = {}, header: object = {}): Promise<string> {
  return new jose.SignJWT({
    htm: 'POST',
    htu: `${node.issuer}/token`,
    iat: seconds(),
    jti: randomUUID(),
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk, ...header })
    .sign(key.privateKey);
}
const ask = (dpop: string | undefined, resource = API, at: Node = node): Promise<Json> =>
  at.token({ ...caller, resource }, dpop === undefined ? {} : { dpop });
const expectRefused = ({ status, body }: Json): void => {
  expect([status, body['error']]).toEqual([400, 'invalid_dpop_proof']);
};

describe('DPoP at the token endpoint (RFC 9449 sections 4.3 and 5)', () => {
  it('binds the token to the key of the proof, and introspection says so', async () => {
    const { body } = await ask(await proof());
    const token = String(body['access_token']);
    const jkt = await jose.calculateJwkThumbprint(key.jwk);
    expect(body['token_type']).toBe('DPoP');
    expect(jose.decodeJwt(token)['cnf']).toEqual({ jkt });
    expect((await node.introspect(token, server)).body).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt },
    });
  });

  it.each(['EdDSA', 'RS256', 'PS256'])('takes a proof signed with %s', async (alg) => {
    const { privateKey, jwk } = await newKey(alg);
    const made = await new jose.SignJWT({ htm: 'POST', htu: `${node.issuer}/token`, jti: randomUUID() })
      .setIssuedAt()
      .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk })
      .sign(privateKey);
    expect((await ask(made)).body['token_type']).toBe('DPoP');
  });

  it('ignores query and fragment of htu', async () => {
    expect((await ask(await proof({ htu: `${node.issuer}/token?a=b#c` }))).status).toBe(200);
  });

  it.each<[string, () => Promise<string>]>([
    ['another method', () => proof({ htm: 'GET' })],
    ['another URL', () => proof({ htu: `${node.issuer}/introspect` })],
    ['a URL of another host', () => proof({ htu: 'https://evil.example/token' })],
    ['no URL', () => proof({ htu: undefined })],
    ['an old one', () => proof({ iat: seconds() - 120 })],
    ['one of the future', () => proof({ iat: seconds() + 60 })],
    ['one without a time', () => proof({ iat: undefined })],
    ['one without an id', () => proof({ jti: undefined })],
    ['another type', () => proof({}, { typ: 'JWT' })],
    ['a key that did not sign it', () => proof({}, { jwk: other.jwk })],
    ['no key', () => proof({}, { jwk: undefined })],
    ['a private key', async () => proof({}, { jwk: await jose.exportJWK(key.privateKey) })],
    ['no JWT at all', () => Promise.resolve('x')],
    ['more than one', async () => `${await proof()}, ${await proof()}`],
  ])('refuses %s', async (_name, make) => {
    expectRefused(await ask(await make()));
  });

  it('refuses none and symmetric algorithms', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { htm: 'POST', htu: `${node.issuer}/token`, iat: seconds(), jti: randomUUID() };
    expectRefused(await ask(`${part({ alg: 'none', typ: 'dpop+jwt', jwk: key.jwk })}.${part(claims)}.`));
    const secret = Buffer.alloc(32, 1);
    const jwk = { kty: 'oct', k: secret.toString('base64url') };
    const hmac = new jose.SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk });
    expectRefused(await ask(await hmac.sign(secret)));
  });

  it('gives one token for 20 parallel uses of one proof, over all nodes', async () => {
    const once = await proof();
    const uses = Array.from({ length: 20 }, (_, use) => ask(once, API, nodes[use % nodes.length]));
    const statuses = (await Promise.all(uses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 400)).toHaveLength(19);
  });

  it('gives no unbound token for an API that wants them bound', async () => {
    const { status, body } = await ask(undefined, BOUND);
    expect(status).toBe(400);
    expect(['invalid_request', 'invalid_dpop_proof']).toContain(body['error']);
    expect((await ask(await proof(), BOUND)).body['token_type']).toBe('DPoP');
  });
});

describe('DPoP at the admin API (RFC 9449 section 7)', () => {
  it('takes a bound token with a proof for this very request only', async () => {
    const bound = await node.token(
      { ...node.administrator, resource: 'urn:gatehouse:admin' },
      { dpop: await proof() },
    );
    const token = String(bound.body['access_token']);
    const url = `${node.adminUrl}/admin/v1/clients`;
    const ath = createHash('sha256').update(token).digest('base64url');
    const call = async (authorization: string, dpop?: string): Promise<number> =>
      (await fetch(url, { headers: { authorization, ...(dpop === undefined ? {} : { dpop }) } })).status;
    const once = await proof({ htm: 'GET', htu: url, ath });
    expect(await call(`DPoP ${token}`, once)).toBe(200);
    expect(await call(`DPoP ${token}`, once)).toBe(401);
    expect(await call(`DPoP ${token}`)).toBe(401);
    expect(await call(`Bearer ${token}`, await proof({ htm: 'GET', htu: url, ath }))).toBe(401);
    expect(await call(`DPoP ${token}`, await proof({ htm: 'GET', htu: url, ath: 'x' }))).toBe(401);
    expect(await call(`DPoP ${token}`, await proof({ htm: 'GET', htu: `${url}x`, ath }))).toBe(401);
  });
});

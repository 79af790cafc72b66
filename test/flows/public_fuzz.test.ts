import { createPrivateKey, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ASSERTION_TYPE } from '../support/assertions.js';
import { type Credentials, type Node } from '../support/gatehouse.js';
import { basic } from '../support/gatehouse_client.js';
import {
  encoded,
  fuzz,
  headerValue,
  requireHarmless,
  requireWell,
  RUNS,
  send,
  startUnlimited,
  stateOf,
  text,
  type FuzzAnswer,
  type FuzzRequest,
  type State,
} from '../support/fuzz.js';

const API = 'urn:fuzz:api';
/** RFC 6749 section 5.2, RFC 8707, RFC 9449, and what section 4.1.2.1 of the first names for a server in need. */
const CODES = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_token_type',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'temporarily_unavailable',
];

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const proofKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let node: Node;
let caller: Credentials;
let server: Credentials;
let signer: string;
let token: string;
let start: State;

beforeAll(async () => {
  node = await startUnlimited();
  await node.createApi(API, ['read']);
  const grants = [{ audience: API, scopes: ['read'] }];
  caller = await node.createClient({ name: 'caller', grants });
  server = await node.createClient({ name: 'server', serves: [API] });
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }] };
  const signing = { name: 'signer', authMethods: ['private_key_jwt'], jwks, grants };
  signer = (await node.createClient(signing)).clientId;
  token = String((await node.token({ ...caller, resource: API })).body['access_token']);
  for (let request = 0; request < 200; request += 1) await node.token({ ...caller, resource: API });
  start = await stateOf(node);
}, 120_000);
afterAll(() => node.stop());

const json = fc.oneof(text, fc.integer(), fc.double(), fc.jsonValue({ maxDepth: 2 }));
const now = (): number => Math.floor(Date.now() / 1000);

function jws(header: object, claims: object, key: KeyObject): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${part(header)}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' });
  return `${content}.${signature.toString('base64url')}`;
}

/** Signed rightly or wrongly, over headers and claims of which some are as they should be. */
function nearlyJwt(header: object, claims: () => object, key: () => KeyObject): fc.Arbitrary<string> {
  const odd = (names: string[]): fc.Arbitrary<object> =>
    fc.dictionary(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, text), json, { maxKeys: 3 });
  return fc
    .tuple(
      odd(['alg', 'typ', 'kid', 'crit', 'jwk', 'x5c', 'b64']),
      odd(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'htm', 'htu', 'ath', 'nonce', 'cnf']),
      fc.boolean(),
    )
    .map(([headers, fields, right]) =>
      jws(
        { ...header, ...headers },
        { ...claims(), ...fields },
        right ? key() : createPrivateKey(proofKey.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      ),
    );
}
const assertion = nearlyJwt(
  { alg: 'ES256', kid: 'k' },
  () => ({ iss: signer, sub: signer, aud: node.issuer, exp: now() + 60, jti: randomUUID() }),
  () => privateKey,
);
const proof = nearlyJwt(
  { alg: 'ES256', typ: 'dpop+jwt', jwk: proofKey.publicKey.export({ format: 'jwk' }) },
  () => ({ htm: 'POST', htu: `${node.issuer}/token`, iat: now(), jti: randomUUID() }),
  () => proofKey.privateKey,
);
const accessToken = fc.oneof(
  nearlyJwt(
    { alg: 'ES256', typ: 'at+jwt' },
    () => ({ iss: node.issuer, aud: API, client_id: caller.clientId, exp: now() + 60, iat: now(), jti: 'j' }),
    () => privateKey,
  ),
  fc.string({ minLength: 43, maxLength: 43 }).map((rest) => `gho_${rest}`),
  fc.constantFrom('a.b.c', '..', '.', 'eyJhbGciOiJub25lIn0.e30.'),
  fc.nat({ max: 400 }).map((at) => token.slice(0, at) + 'A' + token.slice(at + 1)),
);

const FIELDS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  grant_type: fc.oneof({ weight: 5, arbitrary: fc.constant('client_credentials') }, text),
  resource: fc.oneof({ weight: 2, arbitrary: fc.constant(API) }, text),
  scope: fc.oneof(fc.constantFrom('read', 'read read', ' ', 'read  write'), text),
  client_id: fc.oneof(fc.constantFrom('caller', 'nobody'), text),
  client_secret: text,
  client_assertion: fc.oneof({ weight: 3, arbitrary: assertion }, text),
  client_assertion_type: fc.oneof({ weight: 4, arbitrary: fc.constant(ASSERTION_TYPE) }, text),
  token: fc.oneof({ weight: 3, arbitrary: accessToken }, text),
  token_type_hint: fc.oneof(fc.constantFrom('access_token', 'refresh_token'), text),
};

const pair = fc
  .constantFrom(...Object.keys(FIELDS))
  .chain((name) => (FIELDS[name] ?? text).map((value) => `${name}=${encoded(value)}`));
const form = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.oneof({ weight: 6, arbitrary: pair }, text), { maxLength: 9 }) },
  { weight: 1, arbitrary: fc.array(text.map(encoded), { minLength: 40, maxLength: 80 }) },
);
/** Behind client authentication: the assertion is the one good thing about it. */
const body = fc.oneof(
  { weight: 8, arbitrary: form.map((pairs) => Buffer.from(pairs.join('&'))) },
  {
    weight: 3,
    arbitrary: fc.tuple(assertion, form).map(([good, rest]) => {
      const fixed = `grant_type=client_credentials&client_assertion_type=${encoded(ASSERTION_TYPE)}`;
      return Buffer.from([fixed, `client_assertion=${good}`, ...rest.slice(0, 2)].join('&'));
    }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constantFrom(65_536, 65_537, 200_000).map((size) => Buffer.alloc(size, 'a=')) },
);

const authorization = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('caller', 'server').map((who) => basic(who === 'caller' ? caller : server)),
  },
  fc.tuple(text, text).map(([id, secret]) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => `Basic ${Buffer.from(bytes).toString('base64')}`),
  text.map((value) => `Basic ${value}`),
  text.map((value) => `Bearer ${value}`),
  text,
);
const headers = fc
  .record(
    {
      authorization,
      dpop: fc.oneof({ weight: 3, arbitrary: proof }, text),
      'content-type': fc.oneof(
        { weight: 12, arbitrary: fc.constant('application/x-www-form-urlencoded') },
        fc.constantFrom(
          'application/json',
          'application/x-www-form-urlencoded; charset=utf-16',
          'multipart/form-data',
        ),
        text,
      ),
      accept: fc.oneof(fc.constantFrom('application/token-introspection+jwt', '*/*;q=2', ',,,'), text),
      origin: text,
      host: fc.constantFrom('evil.example', '127.0.0.1', ''),
      traceparent: text,
      'x-request-id': text,
      'x-forwarded-for': text,
      'if-none-match': text,
      'content-encoding': fc.constantFrom('gzip', 'identity'),
    },
    { requiredKeys: ['content-type'] },
  )
  .map((fields) =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, headerValue(value)])),
  );

const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.array(text, { maxLength: 4 }).map((parts) => `?${parts.map(encoded).join('&')}`),
);
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];

function requests(method: string, path: fc.Arbitrary<string>): fc.Arbitrary<FuzzRequest> {
  const methods = fc.oneof({ weight: 12, arbitrary: fc.constant(method) }, fc.constantFrom(...METHODS));
  return fc.record({
    method: methods,
    path: fc.tuple(path, query).map((parts) => parts.join('')),
    headers,
    body,
  });
}

/** What is answered with 200: the odd ones are made from it. */
const right = (method: string, path: string): FuzzRequest =>
  method === 'GET'
    ? { method, path, headers: {} }
    : posted(path, path === '/token' ? caller : server, rightFields(path));
const rightFields = (path: string): Record<string, string> =>
  path === '/token' ? { grant_type: 'client_credentials' } : { token };

function posted(
  path: string,
  as: Credentials,
  fields: Readonly<Record<string, string>>,
  odd = '',
  accept = 'application/json',
): FuzzRequest {
  return {
    method: 'POST',
    path,
    headers: {
      authorization: basic(as),
      accept,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: Buffer.from([new URLSearchParams(fields).toString(), odd].filter(Boolean).join('&')),
  };
}

/** Right, but for one thing that is odd: what lies behind the door is reached. */
const nearlyRight = (path: string): fc.Arbitrary<FuzzRequest> =>
  fc
    .tuple(
      fc.boolean(),
      fc.oneof(pair, fc.constant('')),
      fc.constantFrom('application/json', 'application/token-introspection+jwt'),
    )
    .map(([serves, odd, accept]) => {
      const replaced = odd.slice(0, odd.indexOf('='));
      const fields = Object.entries(rightFields(path)).filter(([name]) => name !== replaced);
      return posted(path, serves ? server : caller, Object.fromEntries(fields), odd, accept);
    });

async function ask(request: FuzzRequest): Promise<FuzzAnswer> {
  const answer = await send(node.url, request);
  requireHarmless(request, answer);
  if (answer.status < 400 || request.method === 'HEAD') return answer;
  const { error, error_description: description } = JSON.parse(answer.text) as Record<string, unknown>;
  expect(CODES).toContain(error);
  // RFC 6749 section 5.2: the characters that a description may have.
  expect(description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(answer.headers['cache-control']).toBe('no-store');
  if (answer.status === 401) expect(answer.headers['www-authenticate']).toBeDefined();
  return answer;
}

describe('whatever is sent to the public plane', () => {
  it.each([
    ['GET', '/.well-known/openid-configuration'],
    ['GET', '/.well-known/oauth-authorization-server'],
    ['GET', '/jwks'],
    ['POST', '/token'],
    ['POST', '/introspect'],
    ['POST', '/revoke'],
  ])(
    '%s %s answers it, or refuses it with a standard error',
    async (method, path) => {
      const statuses = new Set<number>();
      const odd = requests(method, fc.constant(path));
      const mixed = method === 'POST' ? fc.oneof({ weight: 2, arbitrary: odd }, nearlyRight(path)) : odd;
      const note = async (request: FuzzRequest): Promise<void> => {
        statuses.add((await ask(request)).status);
      };
      await fuzz(mixed, note, [right(method, path)]);
      // What the odd ones are made from comes through the door.
      expect(statuses).toContain(200);
      await requireWell(node, start);
    },
    900_000,
  );

  it('refuses unknown paths with a standard error', async () => {
    const path = fc.oneof(
      fc.array(text, { maxLength: 4 }).map((parts) => `/${parts.map(encoded).join('/')}`),
    );
    await fuzz(requests('GET', path), async (request) => {
      await ask(request);
    });
    await requireWell(node, start);
  }, 900_000);

  it('answers bytes that are no HTTP with 4xx, or hangs up', async () => {
    const lines = fc.constantFrom(
      'GET / HTTP/1.1',
      'POST /token HTTP/1.1',
      'GET http://evil.example/jwks HTTP/1.1',
      'GET /jwks HTTP/9.9',
      'Host: a',
      'Content-Length: 10',
      'Content-Length: -1',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: chunked, identity',
      'Expect: 100-continue',
      'Upgrade: websocket',
      'Connection: upgrade',
      'x: \0',
      ': ',
      '',
      'zz',
      'ffffffffffffffff',
      `x: ${'y'.repeat(20_000)}`,
      Array.from({ length: 300 }, (_, at) => `x-${at}: 1`).join('\r\n'),
    );
    const streams = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.array(lines, { maxLength: 8 }).map((parts) => Buffer.from(`${parts.join('\r\n')}\r\n`)),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
    );
    const together = fc.array(streams, { minLength: 10, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(together, async (batch) => {
        for (const answer of await Promise.all(batch.map(exchange))) {
          expect(answer).not.toMatch(/^HTTP\/1\.1 5/m);
        }
      }),
      { numRuns: Math.ceil(RUNS / 10), endOnFailure: true },
    );
    await requireWell(node, start);
  }, 900_000);

  it('records what strangers call themselves without choking on it', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const names = ['\0', 'a\0b', '\ud800', 'a\udfffb', '\u202e', '\n', '🔑', "'"];
    for (const name of names) {
      const credentials = { clientId: name.replace(/[\ud800-\udfff]/, 'x'), clientSecret: 'x\0y' };
      const unsigned = `${part({ alg: 'ES256' })}.${part({ sub: name })}.AAAA`;
      const assertion = { client_assertion_type: ASSERTION_TYPE, client_assertion: unsigned };
      for (const answer of [
        await node.token({ ...credentials, resource: name }),
        await node.post('/token', assertion),
        await node.post('/token', { grant_type: 'client_credentials', resource: name, scope: name }, caller),
      ]) {
        expect([400, 401]).toContain(answer.status);
        expect(CODES).toContain(answer.body['error']);
      }
    }
    const last = await node.token({ ...caller, clientSecret: 'ghs_the_last' });
    const requestId = last.headers.get('x-request-id');
    // One event that cannot be stored would hold up all later ones.
    const deadline = Date.now() + 20_000;
    for (let found = false; !found;) {
      expect(Date.now()).toBeLessThan(deadline);
      const { body } = await node.admin('GET', '/audit?type=client.authentication_failed&limit=5');
      found = (body['items'] as { requestId: string }[]).some((event) => event.requestId === requestId);
    }
    expect(node.logs()).not.toContain('audit events cannot be recorded');
  }, 60_000);

  it('goes on as before', async () => {
    expect((await node.token({ ...caller, resource: API })).status).toBe(200);
    expect((await node.introspect(token, server)).status).toBe(200);
    expect(node.records().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});

/** Everything that the server says to the bytes until it hangs up. */
function exchange(bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(node.url);
    let said = '';
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    socket.setTimeout(30_000, () =>
      socket.destroy(new Error(`the server hangs at ${bytes.toString('latin1')}`)),
    );
    socket.on('data', (data) => (said += data.toString('latin1')));
    socket.on('close', () => resolve(said));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (['ECONNRESET', 'EPIPE'].includes(error.code ?? '')) resolve(said);
      else reject(error);
    });
  });
}

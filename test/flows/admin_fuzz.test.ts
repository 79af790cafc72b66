import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ADMIN_SCOPES } from '../../src/administration/index.js';
import { openApi, type JsonObject } from '../../src/http/admin/openapi.js';
import { ROUTES } from '../../src/http/admin/routes/index.js';
import { type Credentials, type Node } from '../support/gatehouse.js';
import {
  encoded,
  fuzz,
  headerValue,
  requireHarmless,
  requireWell,
  send,
  startUnlimited,
  stateOf,
  text,
  type FuzzRequest,
  type State,
} from '../support/fuzz.js';

let node: Node;
let token: string;
/** An administrator beside the first, whose secret the fuzzer may well rotate or delete. */
let second: Credentials;
let start: State;

beforeAll(async () => {
  node = await startUnlimited();
  await node.createApi('urn:a', ['read']);
  await node.createClient({
    name: 'shop',
    clientId: 'shop',
    grants: [{ audience: 'urn:a', scopes: ['read'] }],
  });
  const grants = [{ audience: ADMIN, scopes: ADMIN_SCOPES.map(({ name }) => name) }];
  second = await node.createClient({ name: 'second administrator', grants });
  token = await administratorToken();
  for (let request = 0; request < 200; request += 1) await node.admin('GET', '/clients');
  start = await stateOf(node);
}, 120_000);
afterAll(() => node.stop());

const ADMIN = 'urn:gatehouse:admin';
async function administratorToken(): Promise<string> {
  for (const credentials of [node.administrator, second]) {
    const { body } = await node.token({ ...credentials, resource: ADMIN });
    if (typeof body['access_token'] === 'string') return body['access_token'];
  }
  throw new Error('the fuzzer has locked every administrator out');
}

const description = openApi('https://issuer.example', '0');
const { schemas } = description['components'] as { schemas: Record<string, JsonObject> };
const fieldNames = Object.values(schemas).flatMap((schema) => Object.keys(schema['properties'] ?? {}));

const word = fc.oneof(
  { weight: 2, arbitrary: text },
  fc.constantFrom(
    'urn:a',
    'shop',
    'gatehouse-admin',
    'urn:gatehouse:admin',
    'read',
    'service',
    'none',
    'token',
  ),
);
const leaf = fc.oneof(word, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...fieldNames), text), tie('tree'), { maxKeys: 8 }),
  ),
}));

/** Of the shape that the route wants, with something odd in it here and there. */
function shaped(name: string): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = (schemas[name] ?? {}) as {
    properties?: Record<string, JsonObject>;
    required?: string[];
  };
  const fields = Object.fromEntries(
    Object.entries(properties).map(([field, schema]) => [field, valueOf(schema)]),
  );
  return fc.oneof(
    fc.record(fields, { requiredKeys: [] }),
    fc.record(fields, { requiredKeys: required.filter((field) => field in fields) }),
  );
}

function valueOf(schema: JsonObject): fc.Arbitrary<unknown> {
  const { enum: known, $ref: reference, type, items } = schema;
  const odd = { weight: 1, arbitrary: fc.oneof(leaf, tree) };
  if (Array.isArray(known))
    return fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...(known as unknown[])) }, odd);
  if (typeof reference === 'string') return shaped(reference.split('/').at(-1) ?? '');
  if (type === 'array') {
    const list = fc.array(valueOf((items ?? {}) as JsonObject), { maxLength: 4 });
    return fc.oneof({ weight: 6, arbitrary: list }, odd);
  }
  if (type === 'integer') return fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 1000 }) }, odd);
  if (type === 'boolean') return fc.oneof({ weight: 6, arbitrary: fc.boolean() }, odd);
  return fc.oneof({ weight: 6, arbitrary: word }, odd);
}

const json = (value: unknown): Buffer | undefined =>
  value === undefined ? undefined : Buffer.from(JSON.stringify(value));

const authorization = fc.oneof(
  { weight: 20, arbitrary: fc.constant('valid') },
  text.map((value) => `Bearer ${value}`),
  fc.nat({ max: 400 }).map((at) => `Bearer ${token.slice(0, at)}A${token.slice(at + 1)}`),
  text,
);
const headers = fc.record(
  {
    authorization,
    'content-type': fc.oneof({ weight: 12, arbitrary: fc.constant('application/json') }, text),
    'if-match': fc.oneof(fc.string({ unit: fc.constantFrom('"', '1', ',', '*', 'W/', ' ') }), text),
    'idempotency-key': text,
    origin: text,
    accept: text,
    dpop: text,
    'x-forwarded-for': text,
  },
  { requiredKeys: ['authorization', 'content-type'] },
);
const query = fc
  .dictionary(
    fc.oneof(
      fc.constantFrom(
        'q',
        'limit',
        'cursor',
        'force',
        'scope',
        'from',
        'to',
        'type',
        'kind',
        'audience',
        'enabled',
      ),
      text,
    ),
    word,
    { maxKeys: 3 },
  )
  .map((fields) => Object.entries(fields).map(([name, value]) => `${encoded(name)}=${encoded(value)}`))
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`));

function requests(
  method: string,
  path: string,
  body: fc.Arbitrary<Buffer | undefined>,
): fc.Arbitrary<FuzzRequest> {
  const values = fc.array(word, { minLength: 3, maxLength: 3 });
  const filled = fc.tuple(values, query).map(([words, search]) => {
    let at = 0;
    return path.replaceAll(/\{\w+\}/g, () => encoded(words[at++] ?? '')) + search;
  });
  return fc.record({ method: fc.constant(method), path: filled, headers, body });
}

async function ask({ headers: wanted, ...request }: FuzzRequest): Promise<number> {
  const valid = wanted['authorization'] === 'valid';
  const used = token;
  const given = { ...wanted, ...(valid ? { authorization: `Bearer ${used}` } : {}) };
  const cleaned = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, headerValue(value)]),
  );
  const answer = await send(node.adminUrl, { ...request, headers: cleaned });
  requireHarmless(request as FuzzRequest, answer);
  // The fuzzer may well revoke the tokens of an administrator, which is refused to nobody who may revoke.
  if (valid && answer.status === 401 && used === token) token = await administratorToken();
  if (answer.status < 400) return answer.status;
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = JSON.parse(answer.text) as Record<string, unknown>;
  expect(problem['type']).toMatch(/^urn:gatehouse:problem:[a-z_]+$/);
  expect(problem['status']).toBe(answer.status);
  expect(typeof problem['title']).toBe('string');
  if (answer.status === 401) expect(answer.headers['www-authenticate']).toMatch(/^(Bearer|DPoP)/);
  return answer.status;
}

const PREFIX = '/admin/v1';
/** What needs no token. */
const DOCUMENTS = [
  `${PREFIX}/openapi.json`,
  `${PREFIX}/schema/apply.json`,
  `${PREFIX}/`,
  '/healthz',
  '/readyz',
  '/metrics',
];

describe('whatever is sent to the admin plane', () => {
  it.each(ROUTES.map((route) => [route.method, route.path] as const))(
    '%s %s answers it, or refuses it with a problem',
    async (method, path) => {
      const operation = description.paths[path]?.[method.toLowerCase()];
      const reference = /schemas\/(\w+)/.exec(JSON.stringify(operation?.['requestBody'] ?? ''))?.[1];
      const structured = reference === undefined ? fc.constant(undefined) : fc.oneof(shaped(reference), tree);
      const bytes = fc.uint8Array({ maxLength: 300 }).map((content) => Buffer.from(content));
      const body = fc.oneof({ weight: 9, arbitrary: structured.map(json) }, { weight: 1, arbitrary: bytes });
      const statuses = new Set<number>();
      await fuzz(requests(method, PREFIX + path, body), async (request) => {
        statuses.add(await ask(request));
      });
      // The fuzzer comes past authentication: not everything ends there.
      expect([...statuses].some((status) => status !== 401)).toBe(true);
      await requireWell(node, start);
    },
    900_000,
  );

  it.each(DOCUMENTS)(
    'GET %s answers it, or refuses it with a problem',
    async (path) => {
      await fuzz(requests('GET', path, fc.constant(undefined)), async (request) => {
        await ask(request);
      });
      await requireWell(node, start);
    },
    900_000,
  );

  it('goes on as before', async () => {
    const headers = { authorization: `Bearer ${await administratorToken()}` };
    expect((await fetch(`${node.adminUrl}${PREFIX}/clients`, { headers })).status).toBe(200);
    expect(node.records().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});

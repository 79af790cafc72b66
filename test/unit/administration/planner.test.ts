import { describe, expect, it } from '@jest/globals';
import { parseDocument, planApply, type CurrentState, type Plan } from '../../../src/administration/index.js';
import { API_DEFAULTS, type Api } from '../../../src/apis/index.js';
import { clientDefaults, type Client, type ClientFields, type Grant } from '../../../src/clients/index.js';
import { GatehouseError } from '../../../src/errors.js';

const at = new Date(0);
const empty: CurrentState = { apis: [], clients: [], grants: [] };
const AUDIENCE = 'https://a.example';

const anApi = (audience: string, scopes: readonly string[], system = false): Api => ({
  ...API_DEFAULTS,
  audience,
  scopes: scopes.map((name) => ({ name, description: '' })),
  system,
  version: 1,
  createdAt: at,
  updatedAt: at,
});
const aClient = (id: string, fields: Partial<ClientFields> & { system?: boolean } = {}): Client => ({
  ...clientDefaults('service'),
  name: id,
  system: false,
  ...fields,
  id,
  version: 1,
  createdAt: at,
  updatedAt: at,
  createdBy: 'test',
});
const aGrant = (clientId: string, scopes: readonly string[], audience = AUDIENCE): Grant => ({
  clientId,
  audience,
  scopes,
  createdAt: at,
  updatedAt: at,
});

async function plan(
  input: { apis?: unknown[]; clients?: unknown[] },
  current: CurrentState = empty,
  prune = false,
): Promise<Plan> {
  let ids = 0;
  const document = await parseDocument({ version: 1, ...input }, '');
  return planApply(document, current, { prune, newId: () => `c_${(ids += 1)}`, base: '' });
}
const changesOf = ({ changes }: Plan): string[] =>
  changes.map(({ kind, id, action }) => `${action} ${kind} ${id}`);
const pointersOf = ({ faults }: Plan): string[] => faults.map(({ pointer }) => pointer);

describe('a plan', () => {
  it('creates what is missing, and tells only what is not as by default', async () => {
    const made = await plan({
      apis: [{ audience: AUDIENCE, scopes: { read: '' } }],
      clients: [{ name: 'shop', tokenTtl: 60, grants: { [AUDIENCE]: ['read'] } }],
    });
    expect(made.faults).toEqual([]);
    expect(changesOf(made)).toEqual([
      `create api ${AUDIENCE}`,
      'create client c_1',
      `create grant c_1 ${AUDIENCE}`,
    ]);
    expect(made.changes[1]?.fields).toEqual({
      name: { from: null, to: 'shop' },
      tokenTtl: { from: null, to: 60 },
    });
    expect(made.summary).toEqual({ create: 3, update: 0, delete: 0, unchanged: 0 });
  });

  it('is empty when everything is as the document says, in any order', async () => {
    const current = {
      apis: [anApi(AUDIENCE, ['read', 'write'])],
      clients: [aClient('c', { name: 'shop', serves: ['urn:a', AUDIENCE] })],
      grants: [aGrant('c', ['read', 'write'])],
    };
    const made = await plan(
      {
        apis: [{ audience: AUDIENCE, scopes: { write: '', read: '' } }],
        clients: [
          {
            clientId: 'c',
            name: 'shop',
            serves: [AUDIENCE, 'urn:a'],
            grants: { [AUDIENCE]: ['write', 'read'] },
          },
        ],
      },
      { ...current, apis: [...current.apis, anApi('urn:a', [])] },
    );
    expect(made.changes).toEqual([]);
    expect(made.summary.unchanged).toBe(3);
  });

  it('puts fields back to their defaults that the document leaves out', async () => {
    const current = { ...empty, clients: [aClient('c', { tokenTtl: 60, description: 'old' })] };
    const made = await plan({ clients: [{ clientId: 'c', name: 'c' }] }, current);
    expect(made.changes[0]?.fields).toEqual({
      description: { from: 'old', to: '' },
      tokenTtl: { from: 60, to: null },
    });
  });

  it('makes the grants of a named client exactly those of the document', async () => {
    const current = {
      apis: [anApi(AUDIENCE, ['read', 'write']), anApi('urn:b', ['x'])],
      clients: [aClient('c')],
      grants: [aGrant('c', ['read']), aGrant('c', ['x'], 'urn:b')],
    };
    const made = await plan(
      { clients: [{ clientId: 'c', name: 'c', grants: { [AUDIENCE]: ['write'] } }] },
      current,
    );
    expect(changesOf(made)).toEqual([`update grant c ${AUDIENCE}`, 'delete grant c urn:b']);
    expect(made.regranted.map(({ id }) => id)).toEqual(['c']);
  });

  it('deletes what is not named with prune only, and nothing of Gatehouse itself', async () => {
    const current = {
      apis: [anApi(AUDIENCE, []), anApi('urn:gatehouse:admin', ['apis:read'], true)],
      clients: [aClient('c'), aClient('gatehouse-admin', { system: true })],
      grants: [],
    };
    expect((await plan({}, current)).changes).toEqual([]);
    expect(changesOf(await plan({}, current, true))).toEqual([`delete api ${AUDIENCE}`, 'delete client c']);
  });

  it('refuses a grant on an API that prune takes away', async () => {
    const current = { ...empty, apis: [anApi(AUDIENCE, ['read'])] };
    const made = await plan({ clients: [{ name: 'a', grants: { [AUDIENCE]: ['read'] } }] }, current, true);
    expect(pointersOf(made)).toEqual(['/clients/0/grants/https:~1~1a.example']);
  });
});

describe('matching clients', () => {
  it('is by clientId, or else by a name that one client has', async () => {
    const current = { ...empty, clients: [aClient('c1', { name: 'shop' }), aClient('c2', { name: 'till' })] };
    const made = await plan({ clients: [{ name: 'shop' }, { clientId: 'c2', name: 'tills' }] }, current);
    expect(changesOf(made)).toEqual(['update client c2']);
  });

  it('refuses a name that several clients have', async () => {
    const current = { ...empty, clients: [aClient('c1', { name: 'shop' }), aClient('c2', { name: 'shop' })] };
    expect(pointersOf(await plan({ clients: [{ name: 'shop' }] }, current))).toEqual(['/clients/0/name']);
    // The other one is named by its id, so that one is left.
    const clear = await plan({ clients: [{ name: 'shop' }, { clientId: 'c1', name: 'shop' }] }, current);
    expect(clear.faults).toEqual([]);
    expect(clear.changes).toEqual([]);
  });

  it('refuses a client or an API that is named twice', async () => {
    const current = { ...empty, clients: [aClient('c1', { name: 'shop' })] };
    const twice = await plan({ clients: [{ name: 'a' }, { name: 'a' }] }, current);
    expect(pointersOf(twice)).toEqual(['/clients/1/name']);
    expect(pointersOf(await plan({ apis: [{ audience: AUDIENCE }, { audience: AUDIENCE }] }))).toEqual([
      '/apis/1/audience',
    ]);
  });
});

describe('faults of a document', () => {
  it('are all told at once, each by its place', async () => {
    const made = await plan({
      apis: [{ audience: 'urn:gatehouse:admin' }, { audience: 'no uri' }],
      clients: [
        { name: 'x', grants: { 'urn:no': ['a'] }, serves: ['urn:no', 'urn:gatehouse:admin'] },
        { name: 'y', type: 'web', redirectUris: ['http://evil.example/'] },
        { clientId: 'a b', name: 'z' },
      ],
    });
    expect(pointersOf(made)).toEqual([
      '/apis/0/audience',
      '/apis/1/audience',
      '/clients/0/serves/0',
      '/clients/0/serves/1',
      '/clients/0/grants/urn:no',
      '/clients/1/redirectUris/0',
      '/clients/2/clientId',
    ]);
  });

  it('name unknown fields and wrong types', async () => {
    const input = {
      version: 1,
      apis: [{ audience: 'urn:a', ttl: 5, tokenTtl: 'long' }],
      clients: [{ redirectUris: 'x' }, 5],
    };
    const failure = await parseDocument(input, '/document').catch((error: unknown) => error);
    expect((failure as GatehouseError).faults).toEqual([
      { pointer: '/document/apis/0/tokenTtl', message: 'must be a number' },
      { pointer: '/document/apis/0/ttl', message: 'is not known here' },
      { pointer: '/document/clients/0/name', message: 'is required' },
      { pointer: '/document/clients/0/redirectUris', message: 'must be a list' },
      { pointer: '/document/clients/1', message: 'must be an object' },
    ]);
    await expect(parseDocument({ version: 2 }, '')).rejects.toThrow(GatehouseError);
    await expect(parseDocument(null, '')).rejects.toThrow(GatehouseError);
  });

  it('take an empty list of YAML for none', async () => {
    expect(await parseDocument({ version: 1, apis: null, clients: null }, '')).toEqual({
      version: 1,
      apis: [],
      clients: [],
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAdminPlane, type AdminPlane, type Answer } from './admin_plane.js';

let plane: AdminPlane;
beforeAll(async () => {
  plane = await startAdminPlane();
}, 60_000);
afterAll(() => plane.close());

const A = 'https://api.example.com/a';
const apply = (document: object, options: object = {}): Promise<Answer> =>
  plane.send('POST', '/apply', { body: { document: { version: 1, ...document }, ...options } });
const exported = async (): Promise<object> => (await plane.send('GET', '/export')).body['document'] as object;
const changes = ({ body }: Answer): string[] =>
  (body['plan'] as { changes: { action: string; kind: string; id: string }[] }).changes.map(
    ({ action, kind, id }) => `${action} ${kind} ${id}`,
  );

const document = {
  apis: [
    { audience: A, description: 'A', scopes: { write: 'Change', read: 'Read', 10: '' }, tokenTtl: 300 },
    { audience: 'urn:b', tokenFormat: 'opaque' },
  ],
  clients: [
    { clientId: 'shop', name: 'shop', grants: { [A]: ['write', 'read'], 'urn:b': [] }, tokenTtl: 60 },
    { clientId: 'server', name: 'server', serves: ['urn:b', A], allowedNetworks: ['10.0.0.0/8'] },
    {
      clientId: 'app',
      name: 'app',
      type: 'native',
      redirectUris: ['com.example.app:/cb', 'http://127.0.0.1/cb'],
    },
    {
      clientId: 'keys',
      name: 'keys',
      authMethods: ['private_key_jwt'],
      jwks: {
        keys: [
          {
            y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
            x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
            kty: 'EC',
            crv: 'P-256',
          },
        ],
      },
      grants: { 'urn:gatehouse:tokens': ['introspect'] },
    },
  ],
};

describe('apply', () => {
  it('plans without doing anything in a dry run', async () => {
    const plan = await apply(document, { dryRun: true });
    expect(plan.body['applied']).toBe(false);
    expect(changes(plan)).toHaveLength(9);
    expect(await exported()).toEqual({ version: 1, apis: [], clients: [] });
  });

  it('does what it planned, once', async () => {
    const first = await apply(document);
    expect(first.body).toMatchObject({
      applied: true,
      plan: { summary: { create: 9, update: 0, delete: 0 } },
    });
    expect(changes(await apply(document))).toEqual([]);
    const { items } = (await plane.send('GET', '/audit?type=configuration.applied')).body as {
      items: unknown[];
    };
    expect(items).toHaveLength(1);
    expect((await plane.send('GET', '/clients/shop')).body).toMatchObject({
      createdBy: 'gatehouse-admin',
      secrets: [],
    });
  });

  it('changes nothing with what was exported, and exports the same again', async () => {
    const before = await exported();
    const applied = await apply(before, { prune: true });
    expect(changes(applied)).toEqual([]);
    expect(JSON.stringify(await exported())).toBe(JSON.stringify(before));
  });

  it('makes the same of an empty installation', async () => {
    const before = await exported();
    await apply({}, { prune: true });
    expect(await exported()).toEqual({ version: 1, apis: [], clients: [] });
    await apply(before);
    expect(JSON.stringify(await exported())).toBe(JSON.stringify(before));
  });

  it('shows drift, and takes it back', async () => {
    await plane.send('PATCH', '/clients/shop', { body: { enabled: false, tokenTtl: null } });
    await plane.send('POST', '/clients/server/grants', { body: { audience: A, scopes: ['read'] } });
    const drift = await apply(document, { dryRun: true });
    expect(changes(drift)).toEqual(['update client shop', `delete grant server ${A}`]);
    expect((drift.body['plan'] as { changes: object[] }).changes[0]).toMatchObject({
      fields: { enabled: { from: false, to: true }, tokenTtl: { from: null, to: 60 } },
    });
    await apply(document);
    expect(changes(await apply(document, { dryRun: true }))).toEqual([]);
  });

  it('deletes with prune only', async () => {
    const less = {
      apis: document.apis.slice(0, 1),
      clients: [{ clientId: 'shop', name: 'shop', grants: { [A]: ['read'] } }],
    };
    expect(changes(await apply(less, { dryRun: true }))).not.toContain('delete client app');
    const pruned = await apply(less, { prune: true });
    expect(changes(pruned).filter((change) => change.startsWith('delete'))).toEqual([
      'delete api urn:b',
      'delete grant shop urn:b',
      'delete client app',
      'delete client keys',
      'delete client server',
    ]);
    expect((await plane.send('GET', '/clients/gatehouse-admin')).status).toBe(200);
    expect((await plane.send('GET', '/apis/urn%3Agatehouse%3Aadmin')).status).toBe(200);
  });

  it('does not take a scope from a client that the document does not name', async () => {
    const fewer = { apis: [{ audience: A, scopes: { write: '' } }] };
    const answer = await apply(fewer);
    expect(answer.status).toBe(409);
    expect(answer.body['detail']).toContain('shop');
    const both = { ...fewer, clients: [{ name: 'shop', grants: { [A]: ['write'] } }] };
    expect((await apply(both)).status).toBe(200);
  });

  it('is all or nothing: one bad client among a thousand', async () => {
    const before = await exported();
    const clients = Array.from({ length: 1000 }, (_, index) => ({
      name: `bulk ${index}`,
      clientId: `bulk-${index}`,
    }));
    const bad = clients.map((client, index) =>
      index === 777 ? { ...client, redirectUris: ['http://evil.example'] } : client,
    );
    const answer = await apply({ clients: bad });
    expect(answer.status).toBe(400);
    expect(answer.body['errors']).toMatchObject([{ pointer: '/document/clients/777/redirectUris/0' }]);
    expect(JSON.stringify(await exported())).toBe(JSON.stringify(before));
    expect((await plane.send('GET', '/audit?clientId=bulk-1')).body['items']).toEqual([]);
    expect((await apply({ clients })).body).toMatchObject({ plan: { summary: { create: 1000 } } });
  });

  it('tells every node to look again, in one word when there is much', async () => {
    const { changes: log } = plane.storage.durable.stores;
    const head = await log.head();
    await apply({
      clients: Array.from({ length: 600 }, (_, index) => ({
        name: `bulk ${index}`,
        clientId: `bulk-${index}`,
        description: 'x',
      })),
    });
    expect((await log.since(head, 1000)).changes).toMatchObject([{ kind: 'all' }]);
  });

  it('needs config:write to do, and config:read to plan', async () => {
    plane.caller('planner', 'gatehouse-admin', ['config:read']);
    const send = (dryRun: boolean): Promise<Answer> =>
      plane.send('POST', '/apply', { as: 'planner', body: { document: { version: 1 }, dryRun } });
    expect((await send(true)).status).toBe(200);
    expect((await send(false)).status).toBe(403);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_SCOPES, bootstrap, recoverAdmin, SYSTEM_APIS } from '../../src/administration/index.js';
import { startAdminPlane, type AdminPlane, type Answer, type Sending } from './admin_plane.js';

const ADMIN = 'urn:gatehouse:admin';
const TOKENS = 'urn:gatehouse:tokens';
let plane: AdminPlane;

beforeAll(async () => {
  plane = await startAdminPlane();
  // A helpdesk that may manage clients, and nothing else; and somebody who may read the audit record too.
  await plane.send('POST', '/clients', {
    body: {
      name: 'helpdesk',
      clientId: 'helpdesk',
      grants: [{ audience: ADMIN, scopes: ['clients:read', 'clients:write', 'config:write'] }],
    },
  });
  await plane.send('POST', '/clients', {
    body: { name: 'auditor', clientId: 'auditor', grants: [{ audience: ADMIN, scopes: ['audit:read'] }] },
  });
  await plane.send('POST', '/clients', {
    body: { name: 'gateway', clientId: 'gateway', grants: [{ audience: TOKENS, scopes: ['introspect'] }] },
  });
  plane.caller('helpdesk', 'helpdesk', ['clients:read', 'clients:write', 'config:write']);
}, 60_000);
afterAll(() => plane.close());

const asHelpdesk = (method: string, path: string, sending: Sending = {}): Promise<Answer> =>
  plane.send(method, path, { ...sending, as: 'helpdesk' });
const apply = (clients: object[], prune = false): Promise<Answer> =>
  asHelpdesk('POST', '/apply', { body: { document: { version: 1, clients }, prune } });
const admin = encodeURIComponent(ADMIN);
const tokens = encodeURIComponent(TOKENS);

describe('nobody hands out more power than they hold', () => {
  it.each<[string, () => Promise<Answer>]>([
    [
      'a new client',
      () =>
        asHelpdesk('POST', '/clients', {
          body: { name: 'e', grants: [{ audience: ADMIN, scopes: ['keys:write'] }] },
        }),
    ],
    [
      'a new client for tokens',
      () =>
        asHelpdesk('POST', '/clients', {
          body: { name: 'e', grants: [{ audience: TOKENS, scopes: ['revoke'] }] },
        }),
    ],
    [
      'itself, by adding',
      () =>
        asHelpdesk('POST', '/clients/helpdesk/grants', { body: { audience: ADMIN, scopes: ['keys:write'] } }),
    ],
    [
      'itself, by setting',
      () => asHelpdesk('PUT', `/clients/helpdesk/grants/${admin}`, { body: { scopes: ['audit:read'] } }),
    ],
    [
      'itself, for tokens',
      () => asHelpdesk('PUT', `/clients/helpdesk/grants/${tokens}`, { body: { scopes: ['introspect'] } }),
    ],
    [
      'itself, by document',
      () =>
        apply([
          {
            clientId: 'helpdesk',
            name: 'helpdesk',
            grants: { [ADMIN]: ['clients:read', 'clients:write', 'config:write', 'keys:write'] },
          },
        ]),
    ],
    ['a new client, by document', () => apply([{ name: 'e', grants: { [ADMIN]: ['audit:read'] } }])],
  ])('to %s', async (_to, attempt) => {
    const answer = await attempt();
    expect(answer.status).toBe(403);
    expect((await plane.send('GET', '/clients?name=e')).body['items']).toEqual([]);
    const { grants } = (await plane.send('GET', '/clients/helpdesk')).body as { grants: unknown[] };
    expect(grants).toMatchObject([{ scopes: ['clients:read', 'clients:write', 'config:write'] }]);
  });

  it('to an API of Gatehouse as its server', async () => {
    const answer = await plane.send('POST', '/clients', { body: { name: 'e', serves: [ADMIN] } });
    expect(answer.status).toBe(400);
  });

  it('but what they hold they may share', async () => {
    const grants = [{ audience: ADMIN, scopes: ['clients:read'] }];
    expect((await asHelpdesk('POST', '/clients', { body: { name: 'ok', grants } })).status).toBe(201);
  });

  it('and not by a token that was asked for with less', async () => {
    plane.caller('narrow', 'gatehouse-admin', ['clients:write']);
    const grants = [{ audience: ADMIN, scopes: ['audit:read'] }];
    const answer = await plane.send('POST', '/clients', { as: 'narrow', body: { name: 'e', grants } });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('scope="audit:read"');
  });
});

describe('nobody takes over a client that can do more', () => {
  it.each<[string, () => Promise<Answer>]>([
    ['a secret of its own', () => asHelpdesk('POST', '/clients/auditor/secrets', { body: {} })],
    ['a rotation', () => asHelpdesk('POST', '/clients/auditor/secrets/rotate', { body: {} })],
    [
      'a rotation of the administrator',
      () => asHelpdesk('POST', '/clients/gatehouse-admin/secrets/rotate', { body: {} }),
    ],
    [
      'keys of its own',
      () =>
        asHelpdesk('PATCH', '/clients/auditor', {
          body: { authMethods: ['private_key_jwt'], jwksUri: 'https://evil.example/' },
        }),
    ],
    ['disabling it', () => asHelpdesk('PATCH', '/clients/auditor', { body: { enabled: false } })],
    ['deleting it', () => asHelpdesk('DELETE', '/clients/auditor')],
    ['taking its grant', () => asHelpdesk('DELETE', `/clients/auditor/grants/${admin}`)],
    ['a grant beside', () => asHelpdesk('PUT', `/clients/auditor/grants/${admin}`, { body: { scopes: [] } })],
    ['a right on tokens', () => asHelpdesk('POST', '/clients/gateway/secrets', { body: {} })],
    [
      'a document',
      () =>
        apply([
          {
            clientId: 'auditor',
            name: 'auditor',
            authMethods: ['private_key_jwt'],
            jwksUri: 'https://evil.example/',
          },
        ]),
    ],
    [
      'a document that prunes',
      () =>
        apply(
          [
            {
              clientId: 'helpdesk',
              name: 'helpdesk',
              grants: { [ADMIN]: ['clients:read', 'clients:write', 'config:write'] },
            },
          ],
          true,
        ),
    ],
  ])('by %s', async (_by, attempt) => {
    const before = await plane.send('GET', '/clients/auditor');
    expect((await attempt()).status).toBe(403);
    expect((await plane.send('GET', '/clients/auditor')).text).toBe(before.text);
  });

  it('and loses the power to with the grant, whatever the token says', async () => {
    await plane.send('POST', '/clients', { body: { name: 'ex', clientId: 'ex' } });
    plane.caller('ex', 'ex', ['clients:write', 'audit:read']);
    expect((await plane.send('POST', '/clients/auditor/secrets', { as: 'ex', body: {} })).status).toBe(403);
  });
});

describe('the administrator', () => {
  it('is neither deleted, disabled nor stripped', async () => {
    expect((await plane.send('DELETE', '/clients/gatehouse-admin')).status).toBe(403);
    expect((await plane.send('PATCH', '/clients/gatehouse-admin', { body: { enabled: false } })).status).toBe(
      403,
    );
    expect((await plane.send('PATCH', '/clients/gatehouse-admin', { body: { grantTypes: [] } })).status).toBe(
      403,
    );
    expect((await plane.send('DELETE', `/clients/gatehouse-admin/grants/${admin}`)).status).toBe(403);
    const document = { version: 1, clients: [{ clientId: 'gatehouse-admin', name: 'mine' }] };
    expect((await plane.send('POST', '/apply', { body: { document } })).status).toBe(400);
  });

  it('gets what a newer release adds', async () => {
    const { durable } = plane.parts;
    const [older] = SYSTEM_APIS;
    await durable.transaction(async (stores) => {
      const api = await stores.apis.get(ADMIN);
      if (!api) throw new Error('no admin API');
      const scopes = api.scopes.filter(({ name }) => name !== 'keys:write');
      await stores.apis.update(ADMIN, { ...api, scopes });
      const held = scopes.map(({ name }) => name);
      await stores.grants.putMany([{ clientId: 'gatehouse-admin', audience: ADMIN, scopes: held }]);
    });
    expect(await bootstrap(plane.parts)).toEqual({ created: false });
    const grants = await durable.stores.grants.list('gatehouse-admin');
    expect(grants.find(({ audience }) => audience === ADMIN)?.scopes).toEqual(
      ADMIN_SCOPES.map(({ name }) => name).sort(),
    );
    expect((await durable.stores.apis.get(ADMIN))?.scopes).toHaveLength(older.scopes.length);
  });

  it('comes back when nobody can get in any more', async () => {
    const { durable } = plane.parts;
    const { signals } = plane.storage;
    const locked = {
      allowedNetworks: ['192.0.2.0/24'],
      authMethods: ['private_key_jwt'],
      jwksUri: 'https://a.example/',
    };
    expect((await plane.send('PATCH', '/clients/gatehouse-admin', { body: locked })).status).toBe(200);
    const given: { clientId: string; clientSecret: string }[] = [];
    for (let i = 0; i < 12; i += 1) {
      await recoverAdmin(
        { ...plane.parts, writeCredentials: async (each) => void given.push(each) },
        signals,
      );
    }
    expect(given).toHaveLength(12);
    expect(given.at(-1)).toMatchObject({
      clientId: 'gatehouse-admin',
      clientSecret: expect.stringMatching(/^ghs_/),
    });
    const client = await durable.stores.clients.get('gatehouse-admin');
    expect(client).toMatchObject({ allowedNetworks: [], jwksUri: null, enabled: true });
    expect(await durable.stores.secrets.list('gatehouse-admin')).toHaveLength(10);
  });

  it('is not half made when its credentials cannot be written', async () => {
    const fresh = await startAdminPlane();
    try {
      await fresh.parts.durable.transaction((stores) => stores.clients.deleteMany(['gatehouse-admin']));
      const full = { ...fresh.parts, writeCredentials: () => Promise.reject(new Error('no space left')) };
      await expect(bootstrap(full)).rejects.toThrow('no space left');
      expect(await fresh.parts.durable.stores.clients.get('gatehouse-admin')).toBeUndefined();
      const several = await Promise.all(Array.from({ length: 5 }, () => bootstrap(fresh.parts)));
      expect(several.filter(({ created }) => created)).toHaveLength(1);
    } finally {
      await fresh.close();
    }
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { ADMIN_SCOPES, bootstrap, createAdministration } from '../../src/administration/index.js';
import { GatehouseError } from '../../src/errors.js';
import { createAdminApp, type AdminAppOptions } from '../../src/http/admin/index.js';
import type { RequestState } from '../../src/http/request_context.js';
import { createSealer } from '../../src/keys/index.js';
import { systemClock } from '../../src/lib/clock.js';
import { openStorage, type Storage } from '../../src/storage/index.js';

const pepper = randomBytes(32);
const peppers = { currentId: 'p', get: () => pepper };
const scopes = new Set(ADMIN_SCOPES.map((scope) => scope.name));
let folder = '';
let storage: Storage;
let app: ReturnType<ReturnType<typeof createAdminApp>['callback']>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-admin-'));
  storage = await openStorage({
    redisPrefix: 'x:',
    dataDir: folder,
    poolSize: 2,
    onWarning: () => undefined,
  });
  await storage.migrate();
  const { durable, signals } = storage;
  const parts = { durable, peppers, clock: systemClock, writeCredentials: async () => undefined };
  expect(await bootstrap(parts)).toEqual({ created: true });
  expect(await bootstrap(parts)).toEqual({ created: false });
  const sealer = createSealer(new Map([['0011223344556677', randomBytes(32)]]), '0011223344556677');
  const keys = { revoke: () => Promise.reject(new GatehouseError('not_found', 'no key')) };
  const tokens = { identify: async () => undefined };
  const administration = createAdministration({ ...parts, signals, sealer, keys, tokens });
  const options: AdminAppOptions = {
    administration,
    authenticate: async ({ authorization }) => {
      if (authorization === 'Bearer admin') return { clientId: 'gatehouse-admin', scopes };
      if (authorization === 'Bearer weak') return { clientId: 'weak', scopes: new Set(['clients:write']) };
      throw new GatehouseError('invalid_token', 'no valid token');
    },
    issuer: 'https://issuer.example',
    requestContext: async (ctx, next) => {
      const state = {
        requestId: 'r',
        traceId: null,
        clientIp: '127.0.0.1',
        event: {},
        certificate: () => undefined,
      };
      ctx.state = state as unknown as RequestState;
      await next();
    },
    health: async (_ctx, next) => next(),
    logger: { error: () => undefined } as unknown as AdminAppOptions['logger'],
    bodyLimit: 1_000_000,
    version: '0',
  };
  app = createAdminApp(options).callback();
}, 60_000);

afterAll(async () => {
  await storage.close();
  await rm(folder, { recursive: true, force: true });
});

const send = (method: 'get' | 'post' | 'patch' | 'delete', path: string, token = 'admin'): request.Test =>
  request(app)[method](`/admin/v1${path}`).set('Authorization', `Bearer ${token}`);

describe('the admin API', () => {
  it('creates an API and a client, and remembers the answer under an Idempotency-Key', async () => {
    const api = { audience: 'https://a.example/x', scopes: [{ name: 'read' }] };
    expect((await send('post', '/apis').send(api)).status).toBe(201);
    const body = { name: 'shop', clientId: 'shop', grants: [{ audience: api.audience, scopes: ['read'] }] };
    const first = await send('post', '/clients').set('Idempotency-Key', 'key-12345').send(body);
    const again = await send('post', '/clients').set('Idempotency-Key', 'key-12345').send(body);
    expect(first.status).toBe(201);
    expect(again.text).toBe(first.text);
    const other = await send('post', '/clients').set('Idempotency-Key', 'key-12345').send({ name: 'other' });
    expect(other.status).toBe(422);
    expect((await send('post', '/clients/shop/secrets/rotate').send({})).status).toBe(201);
    const read = await send('get', `/apis/${encodeURIComponent(api.audience)}`);
    expect(read.headers.etag).toBe('"1"');
    expect(
      (await send('patch', '/clients/shop').set('If-Match', '"9"').send({ enabled: false })).status,
    ).toBe(412);
  });

  it('refuses what the caller has no power for', async () => {
    const grants = [{ audience: 'urn:gatehouse:admin', scopes: ['keys:write'] }];
    expect((await send('post', '/clients', 'weak').send({ name: 'evil', grants })).status).toBe(403);
    expect((await send('post', '/clients/gatehouse-admin/secrets', 'weak').send({})).status).toBe(403);
    expect((await send('delete', '/clients/gatehouse-admin')).status).toBe(403);
    expect((await request(app).get('/admin/v1/clients')).status).toBe(401);
  });

  it('applies what it exports without a change', async () => {
    const { document } = (await send('get', '/export')).body as { document: object };
    const applied = await send('post', '/apply').send({ document, prune: true });
    expect(applied.body).toMatchObject({ plan: { changes: [] }, applied: true });
  });

  it('describes itself without a token', async () => {
    for (const path of ['/', '/openapi.json', '/schema/apply.json', '/reference.css']) {
      expect((await request(app).get(`/admin/v1${path}`)).status).toBe(200);
    }
  });
});

/** The Durable port: clients, APIs, grants, secrets, keys, revocations, audit and the change feed. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../../src/audit/index.js';
import type { NewClient } from '../../src/clients/index.js';
import type { Durable } from '../../src/registry/index.js';
import { openStorage, type Storage } from '../../src/storage/index.js';
import { storeUnderTest, type StoreUnderTest } from '../support/stores.js';

let store: StoreUnderTest;
let storage: Storage;
let durable: Durable;

beforeAll(async () => {
  store = await storeUnderTest();
  storage = await openStorage({ ...store, poolSize: 10, onWarning: () => undefined });
  await storage.migrate();
  durable = storage.durable;
});

afterAll(async () => {
  await storage.close();
  await store.dispose();
});

function newClient(id: string, over: Partial<NewClient> = {}): NewClient {
  return {
    id,
    name: `name of ${id}`,
    description: '',
    ownerContact: 'team@example.com',
    type: 'service',
    authMethods: ['client_secret_basic'],
    grantTypes: ['client_credentials'],
    redirectUris: [],
    postLogoutRedirectUris: [],
    backchannelLogoutUri: null,
    idTokenAlg: null,
    pkce: 'required',
    jwks: null,
    jwksUri: null,
    tlsSubject: null,
    tokenTtl: null,
    allowedNetworks: [],
    serves: [],
    enabled: true,
    system: false,
    createdBy: 'test',
    ...over,
  };
}

function newApi(audience: string) {
  return {
    audience,
    system: false,
    description: 'Orders – 注文',
    scopes: [{ name: 'read', description: 'Reads "quoted" \\ things' }],
    tokenFormat: 'jwt',
    tokenTtl: 300,
    signingAlg: 'ES256',
    tokenBinding: 'none',
  } as const;
}

describe('APIs', () => {
  test('are inserted, changed, listed in order and deleted', async () => {
    const { apis } = durable.stores;
    const api = await apis.insert(newApi('https://b.example'));
    expect(api).toMatchObject({ ...newApi('https://b.example'), version: 1 });
    expect(api.createdAt).toBeInstanceOf(Date);
    await apis.insert(newApi('https://a.example/100%_x'));
    await expect(apis.insert(newApi('https://b.example'))).rejects.toMatchObject({ code: 'conflict' });
    const fields = newApi('');
    expect(await apis.update('https://b.example', { ...fields, tokenTtl: 60 })).toMatchObject({
      version: 2,
      tokenTtl: 60,
    });
    await expect(apis.update('https://none.example', fields)).rejects.toMatchObject({ code: 'not_found' });
    expect((await apis.all()).map((item) => item.audience)).toEqual([
      'https://a.example/100%_x',
      'https://b.example',
    ]);
    expect(await apis.list({}, 'https://a.example/100%_x', 10)).toHaveLength(1);
    expect(await apis.list({ q: '0%_X' }, undefined, 10)).toHaveLength(1);
    expect(await apis.list({ q: 'b_example' }, undefined, 10)).toHaveLength(0);
    expect(await apis.getMany(['https://b.example', 'nothing'])).toHaveLength(1);
    expect(await apis.delete('https://b.example')).toBe(true);
    expect(await apis.delete('https://b.example')).toBe(false);
    expect(await apis.get('https://b.example')).toBeUndefined();
  });
});

describe('clients', () => {
  test('come back with every field, and with secrets and grants in one reading', async () => {
    const { apis, clients, secrets, grants } = durable.stores;
    await apis.insert(newApi('https://one.example'));
    await apis.insert(newApi('https://two.example'));
    const full = newClient('full', {
      name: 'Ünïcode 名前 🗝️',
      jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'abc' }] },
      tlsSubject: { kind: 'san_dns', value: 'a.example' },
      tokenTtl: 60,
      allowedNetworks: ['10.0.0.0/8', '2001:db8::/32'],
      redirectUris: ['https://x.example/a,b"c{}'],
      serves: ['https://one.example', 'https://two.example'],
    });
    const [stored] = await clients.insertMany([full]);
    expect(stored).toMatchObject({ ...full, version: 1 });
    expect(await clients.get('full')).toEqual(stored);
    const hash = Buffer.from([0, 1, 2, 255]);
    const expiresAt = new Date('2040-01-02T03:04:05.678Z');
    const secret = { name: 'a', scheme: 'hmac-sha256', hash, pepperId: 'p', createdBy: 'test' } as const;
    await secrets.insert({ ...secret, id: 's1', clientId: 'full', expiresAt });
    await secrets.insert({ ...secret, id: 's2', clientId: 'full', expiresAt: null });
    await grants.putMany([{ clientId: 'full', audience: 'https://one.example', scopes: ['w', 'r', 'r'] }]);
    const registered = await clients.getRegistered('full');
    expect(registered).toMatchObject({ ...full, secrets: [{ id: 's1', hash, expiresAt }, { id: 's2' }] });
    expect(registered?.grants).toEqual(await grants.list('full'));
    expect(registered?.secrets).toEqual(await secrets.list('full'));
    expect(registered?.grants[0]?.scopes).toEqual(['r', 'w']);
    expect(await clients.getRegistered('nobody')).toBeUndefined();
    await clients.insertMany([newClient('fulm'), newClient('fuln')]);
    expect(await clients.listRegistered('fulk', 2)).toEqual([
      registered,
      { ...(await clients.get('fulm')), secrets: [], grants: [] },
    ]);
    expect((await clients.listRegistered('full', 5)).map(({ id }) => id)).toEqual(['fulm', 'fuln']);
    expect((await clients.listRegistered('', 1)).map(({ id }) => id)).toEqual(['full']);
    expect(await clients.deleteMany(['fulm', 'fuln'])).toBe(2);
    await expect(
      clients.insertMany([newClient('x', { serves: ['https://no.example'] })]),
    ).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await clients.get('x')).toBeUndefined();
    expect(await clients.list({ serves: 'https://two.example' }, undefined, 5)).toHaveLength(1);
    expect(
      await clients.list({ audience: 'https://one.example', q: 'ünïcode', enabled: true }, undefined, 5),
    ).toHaveLength(1);
    expect(await clients.list({ audience: 'https://two.example' }, undefined, 5)).toHaveLength(0);
    expect(await clients.deleteMany(['full', 'nobody'])).toBe(1);
    expect(await secrets.list('full')).toEqual([]);
    expect(await grants.list('full')).toEqual([]);
  });

  test('are inserted, changed and deleted by the ten thousand', async () => {
    const { clients } = durable.stores;
    const many = Array.from({ length: 12_000 }, (_, index) =>
      newClient(`bulk-${String(index).padStart(5, '0')}`),
    );
    expect((await clients.insertMany(many)).map((item) => item.id)).toEqual(many.map((item) => item.id));
    await expect(clients.insertMany([newClient('fresh'), newClient('bulk-00007')])).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await clients.get('fresh')).toBeUndefined();
    const changed = await clients.updateMany(many.map((item) => ({ ...item, name: 'changed' })));
    expect(new Set(changed.map((item) => `${item.name} ${item.version}`))).toEqual(new Set(['changed 2']));
    await expect(clients.updateMany([newClient('nobody')])).rejects.toMatchObject({ code: 'not_found' });
    expect(await clients.getByNames(['changed'])).toHaveLength(12_000);
    expect((await clients.list({ name: 'changed' }, 'bulk-11997', 10)).map((item) => item.id)).toEqual([
      'bulk-11998',
      'bulk-11999',
    ]);
    expect(await clients.deleteMany(many.map((item) => item.id))).toBe(12_000);
  });
});

test('secrets note their newest use only, and expire or go by client', async () => {
  const { clients, secrets } = durable.stores;
  await clients.insertMany([newClient('user')]);
  await secrets.insert({
    id: 'secret',
    clientId: 'user',
    name: '',
    scheme: 'argon2id',
    hash: Buffer.from('$argon2id$'),
    pepperId: null,
    expiresAt: null,
    createdBy: 'test',
  });
  const newer = new Date('2030-01-01T00:00:00.500Z');
  const older = new Date('2029-01-01T00:00:00Z');
  await secrets.recordUses([
    { secretId: 'secret', at: newer, from: '10.0.0.2' },
    { secretId: 'secret', at: older, from: '10.0.0.1' },
    { secretId: 'unknown', at: newer, from: '10.0.0.1' },
  ]);
  await secrets.recordUses([{ secretId: 'secret', at: older, from: '10.0.0.1' }]);
  expect(await secrets.list('user')).toMatchObject([{ lastUsedAt: newer, lastUsedFrom: '10.0.0.2' }]);
  expect(await secrets.setExpiry('other', 'secret', newer)).toBe(false);
  expect(await secrets.setExpiry('user', 'secret', newer)).toBe(true);
  expect(await secrets.list('user')).toMatchObject([{ expiresAt: newer }]);
  expect(await secrets.delete('other', 'secret')).toBe(false);
  expect(await secrets.delete('user', 'secret')).toBe(true);
});

test('grants are set exactly, and need a client and an API', async () => {
  const { apis, clients, grants } = durable.stores;
  await apis.insert(newApi('https://granted.example'));
  await clients.insertMany([newClient('grantee')]);
  const grant = { clientId: 'grantee', audience: 'https://granted.example' };
  await grants.putMany([{ ...grant, scopes: ['a', 'b'] }]);
  expect(await grants.putMany([{ ...grant, scopes: ['c'] }])).toMatchObject([{ ...grant, scopes: ['c'] }]);
  expect(await grants.listMany(['grantee', 'nobody'])).toMatchObject([{ ...grant, scopes: ['c'] }]);
  await expect(grants.putMany([{ ...grant, clientId: 'nobody', scopes: [] }])).rejects.toMatchObject({
    code: 'not_found',
  });
  expect(await grants.deleteMany([grant, { ...grant, clientId: 'nobody' }])).toBe(1);
});

test('keys go through their phases, and a revoked one loses its private part', async () => {
  const { signingKeys, dataKeys } = durable.stores;
  const sealedPrivate = Buffer.from([0, 128, 255]);
  await signingKeys.insert({
    kid: 'k',
    alg: 'ES256',
    phase: 'next',
    publicJwk: { kty: 'EC' },
    sealedPrivate,
  });
  expect(await signingKeys.list()).toMatchObject([
    { sealedPrivate, activatedAt: null, publicJwk: { kty: 'EC' } },
  ]);
  expect(await signingKeys.setPhase('k', 'active')).toBe(true);
  expect((await signingKeys.list())[0]?.activatedAt).toBeInstanceOf(Date);
  expect(await signingKeys.setPhase('k', 'revoked')).toBe(true);
  expect(await signingKeys.list()).toMatchObject([{ phase: 'revoked', sealedPrivate: null }]);
  expect(await signingKeys.setPhase('none', 'active')).toBe(false);
  await dataKeys.insert({ id: 'd', purpose: 'seal', wrapped: sealedPrivate, masterKeyId: 'm' });
  expect(await dataKeys.list()).toMatchObject([{ id: 'd', wrapped: sealedPrivate }]);
});

test('revocations only move forward, page newest first and are pruned', async () => {
  const { revocations } = durable.stores;
  const at = (second: number) => new Date(Date.UTC(2030, 0, 1, 0, 0, second, 123));
  const base = { kind: 'client', reason: 'r', createdBy: 'test' } as const;
  await revocations.put({ ...base, subject: 's', revokedAt: at(10), expiresAt: at(20) });
  expect(await revocations.put({ ...base, subject: 's', revokedAt: at(5), expiresAt: at(30) })).toMatchObject(
    {
      revokedAt: at(10),
      expiresAt: at(30),
    },
  );
  await revocations.put({ ...base, subject: 't', revokedAt: at(10), expiresAt: at(15) });
  await revocations.put({ ...base, kind: 'token', subject: 'u', revokedAt: at(1), expiresAt: at(40) });
  const seen: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < 3; page++) {
    const result = await revocations.list({}, after, 1);
    seen.push(...result.items.map((item) => item.subject));
    after = result.next;
  }
  expect(seen).toEqual(['t', 's', 'u']);
  expect(after).toBeUndefined();
  await expect(revocations.list({}, 'nonsense', 1)).rejects.toMatchObject({ code: 'validation_failed' });
  expect(await revocations.live(at(15))).toHaveLength(2);
  expect(await revocations.prune(at(30), 1)).toBe(1);
  expect(await revocations.prune(at(30), 10)).toBe(1);
  expect(await revocations.get('token', 'u')).toMatchObject({ revokedAt: at(1) });
});

test('audit events are recorded once, in order, and found by every filter', async () => {
  const { audit } = durable.stores;
  const events = Array.from({ length: 30 }, (_, index): AuditEvent => ({
    id: randomUUID(),
    at: new Date(Date.UTC(2030, 0, 1, 0, 0, index)),
    type: index % 2 === 0 ? 'token.issued' : 'token.refused',
    outcome: index % 2 === 0 ? 'success' : 'failure',
    actor: { type: 'client', id: `actor-${index % 3}` },
    subject: { type: 'api', id: 'https://x.example' },
    clientId: null,
    sourceIp: '2001:db8::1',
    requestId: `r${index}`,
    traceId: null,
    reason: null,
    before: null,
    after: { scopes: ['ä'], deep: { n: index } },
  }));
  await audit.append(events);
  await audit.append(events.slice(0, 3));
  const seen: AuditEvent[] = [];
  let after: string | undefined;
  do {
    const page = await audit.list({}, after, 7);
    seen.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  expect(seen).toEqual([...events].reverse());
  const count = async (filter: Parameters<typeof audit.list>[0]) =>
    (await audit.list(filter, undefined, 100)).items.length;
  expect(await count({ type: 'token.issued', outcome: 'success' })).toBe(15);
  expect(await count({ actorId: 'actor-1' })).toBe(10);
  expect(await count({ subjectId: 'nothing' })).toBe(0);
  expect(await count({ clientId: 'nothing' })).toBe(0);
  expect(await count({ from: events[10]?.at as Date, to: events[20]?.at as Date })).toBe(10);
});

test('audit events of strangers are recorded, whatever they call themselves', async () => {
  const { audit } = durable.stores;
  const id = randomUUID();
  const words = 'a\0b \ud800 🔑 \u202e \n \\u0000';
  await audit.append([
    {
      id,
      at: new Date(Date.UTC(2031, 0, 1)),
      type: 'client.authentication_failed',
      outcome: 'failure',
      actor: { type: 'anonymous', id: words },
      subject: { type: 'client', id: words },
      clientId: words,
      sourceIp: null,
      requestId: null,
      traceId: null,
      reason: words,
      before: null,
      after: { words },
    },
  ]);
  const stored = 'a\ufffdb \ufffd 🔑 \u202e \n \\u0000';
  const { items } = await audit.list({ subjectId: stored }, undefined, 10);
  expect(items).toMatchObject([{ id, clientId: stored, reason: stored, after: { words: stored } }]);
});

test('answers to creates are remembered until they expire', async () => {
  const { idempotency } = durable.stores;
  const bytes = (text: string) => Buffer.from(text);
  const now = new Date('2030-01-01T00:00:00Z');
  const later = new Date('2030-01-02T00:00:00Z');
  const record = { actor: 'a', keyHash: bytes('k'), requestHash: bytes('r'), sealedResponse: bytes('\0') };
  await idempotency.put({ ...record, expiresAt: now });
  expect(await idempotency.get('a', record.keyHash, now)).toBeUndefined();
  await idempotency.put({ ...record, sealedResponse: bytes('2'), expiresAt: later });
  expect(await idempotency.get('a', record.keyHash, now)).toEqual({
    ...record,
    sealedResponse: bytes('2'),
    expiresAt: later,
  });
  expect(await idempotency.prune(later, 10)).toBe(1);
});

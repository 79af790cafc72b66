/** The epoch of the ephemeral store: what came before it must be refused, because its marks may be lost. */
import { Cluster, Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PGlite } from '@electric-sql/pglite';
import { join } from 'node:path';
import { openStorage, type Storage } from '../../src/storage/index.js';
import { storeUnderTest, type StoreUnderTest } from '../support/stores.js';

let store: StoreUnderTest;
let storage: Storage;

const open = () => openStorage({ ...store, poolSize: 4, onWarning: () => undefined });

beforeEach(async () => {
  store = await storeUnderTest();
  storage = await open();
  await storage.migrate();
});

afterEach(async () => {
  await storage.close();
  await store.dispose();
});

/** Removes every key of this test's prefix, as a flush or a restart without persistence does. */
async function wipeRedis(url: string, prefix: string): Promise<void> {
  const clustered = url.startsWith('redis+cluster:');
  const [host = '', port = ''] = new URL(
    url.replace('redis+cluster:', 'http:').split(',')[0] ?? '',
  ).host.split(':');
  const redis = clustered ? new Cluster([{ host, port: Number(port) }]) : new Redis(url);
  await redis.exists('ready');
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  for (const node of nodes) {
    for (const key of await node.keys(`${prefix}*`)) await node.del(key);
  }
  redis.disconnect();
}

async function wipe(): Promise<void> {
  const statement = 'TRUNCATE ephemeral, ephemeral_epoch';
  if (store.redisUrl !== undefined) return wipeRedis(store.redisUrl, store.redisPrefix);
  if (store.databaseUrl !== undefined) {
    const client = new pg.Client({ connectionString: store.databaseUrl });
    await client.connect();
    await client.query(statement);
    return client.end();
  }
  await storage.close();
  const db = await PGlite.create(join(store.dataDir, 'db'));
  await db.exec(statement);
  await db.close();
  storage = await open();
}

test('the first epoch stays, whatever later starts say', async () => {
  await storage.ephemeral.beginEpoch(0);
  await storage.ephemeral.beginEpoch(Date.now());
  for (let index = 0; index < 40; index++)
    expect(await storage.ephemeral.insertOnce(`mark ${index}`, 60)).toEqual({ first: true, epoch: 0 });
});

test('a store that was wiped begins a new epoch by itself', async () => {
  await storage.ephemeral.beginEpoch(0);
  expect(await storage.ephemeral.insertOnce('proof', 60)).toEqual({ first: true, epoch: 0 });
  const before = Date.now();
  await wipe();
  const again = await storage.ephemeral.insertOnce('proof', 60);
  expect(again.first).toBe(true);
  expect(again.epoch).toBeGreaterThanOrEqual(before - 5);
  expect(again.epoch).toBeLessThanOrEqual(Date.now() + 5);
  expect((await storage.ephemeral.insertOnce('proof', 60)).epoch).toBe(again.epoch);
});

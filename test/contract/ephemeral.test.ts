/** The EphemeralStore port, on the store under test. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { openStorage, type Storage } from '../../src/storage/index.js';
import { storeUnderTest, type StoreUnderTest } from '../support/stores.js';

let store: StoreUnderTest;
let storage: Storage;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const parallel = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: 50 }, work));

beforeAll(async () => {
  store = await storeUnderTest();
  storage = await openStorage({ ...store, poolSize: 10, onWarning: () => undefined });
  await storage.migrate();
});

afterAll(async () => {
  await storage.close();
  await store.dispose();
});

describe('values', () => {
  test.each([
    ['empty', Buffer.alloc(0)],
    ['every byte', Buffer.from(Array.from({ length: 256 }, (_, index) => index))],
    ['text of many scripts', Buffer.from('žluťoučký 日本語 🗝️')],
    ['1 MiB', randomBytes(1_048_576)],
  ])('keep %s as it is', async (name, value) => {
    await storage.ephemeral.set(`value ${name}`, value, 60);
    expect((await storage.ephemeral.get(`value ${name}`))?.equals(value)).toBe(true);
    const result = await storage.ephemeral.consume(`value ${name}`);
    expect(result.outcome === 'consumed' && result.value.equals(value)).toBe(true);
  });

  test('are found by exactly their key', async () => {
    const keys = ['a', 'a:b', 'a:b:c', 'A', 'ä', '{g0}:v:a', '*', '%', 'x'.repeat(512), '日'.repeat(170)];
    for (const key of keys) await storage.ephemeral.set(key, Buffer.from(key), 60);
    for (const key of keys) expect((await storage.ephemeral.get(key))?.toString()).toBe(key);
    expect(await storage.ephemeral.get('b')).toBeUndefined();
    expect(await storage.ephemeral.delete('a')).toBe(true);
    expect(await storage.ephemeral.delete('a')).toBe(false);
    expect((await storage.ephemeral.get('a:b'))?.toString()).toBe('a:b');
  });

  test('do not meet marks or counters of the same key', async () => {
    await storage.ephemeral.set('same', Buffer.from('value'), 60);
    expect((await storage.ephemeral.insertOnce('same', 60)).first).toBe(true);
    expect(await storage.ephemeral.increment('same', 60)).toBe(1);
    expect((await storage.ephemeral.get('same'))?.toString()).toBe('value');
  });

  test('expire, consumed or not', async () => {
    await storage.ephemeral.set('short', Buffer.from('1'), 1);
    await storage.ephemeral.set('used', Buffer.from('1'), 1);
    expect((await storage.ephemeral.consume('used')).outcome).toBe('consumed');
    expect((await storage.ephemeral.consume('used')).outcome).toBe('replayed');
    await wait(1300);
    expect(await storage.ephemeral.get('short')).toBeUndefined();
    expect(await storage.ephemeral.delete('short')).toBe(false);
    expect((await storage.ephemeral.consume('short')).outcome).toBe('missing');
    expect((await storage.ephemeral.consume('used')).outcome).toBe('missing');
  });

  test('are live again when set after they were consumed', async () => {
    await storage.ephemeral.set('again', Buffer.from('1'), 60);
    await storage.ephemeral.consume('again');
    expect(await storage.ephemeral.get('again')).toBeUndefined();
    await storage.ephemeral.set('again', Buffer.from('2'), 60);
    expect((await storage.ephemeral.get('again'))?.toString()).toBe('2');
  });
});

describe('one-time use', () => {
  test('consume has one winner of fifty, and the others see the value', async () => {
    for (let round = 0; round < 5; round++) {
      await storage.ephemeral.set(`race ${round}`, Buffer.from('v'), 60);
      const results = await parallel(() => storage.ephemeral.consume(`race ${round}`));
      expect(results.filter((result) => result.outcome === 'consumed')).toHaveLength(1);
      const replayed = results.filter((result) => result.outcome === 'replayed');
      expect(replayed.map((result) => result.value.toString())).toEqual(Array(49).fill('v'));
    }
  });

  test('insertOnce has one winner of fifty, again after the mark has expired', async () => {
    for (let round = 0; round < 2; round++) {
      const results = await parallel(() => storage.ephemeral.insertOnce('mark', 1));
      expect(results.filter((result) => result.first)).toHaveLength(1);
      expect(new Set(results.map((result) => result.epoch)).size).toBe(1);
      await wait(1300);
    }
  });

  test('a counter counts every increment and starts afresh after its lifetime', async () => {
    const counts = await parallel(() => storage.ephemeral.increment('count', 2));
    expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    await wait(2300);
    expect(await storage.ephemeral.increment('count', 2)).toBe(1);
  });
});

test('answers when it is well, and warns of nothing on a well-set store', async () => {
  await storage.ephemeral.ping();
  expect(await storage.ephemeral.warnings()).toEqual([]);
});

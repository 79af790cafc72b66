/** Write transactions, the order of the change feed, exclusive work and signals. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openStorage, type Storage } from '../../src/storage/index.js';
import { storeUnderTest, type StoreUnderTest } from '../support/stores.js';

let store: StoreUnderTest;
let storage: Storage;

beforeAll(async () => {
  store = await storeUnderTest();
  storage = await openStorage({ ...store, poolSize: 10, onWarning: () => undefined });
  await storage.migrate();
});

afterAll(async () => {
  await storage.close();
  await store.dispose();
});

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a transaction that throws leaves nothing and passes its error on', async () => {
  const head = await storage.durable.stores.changes.head();
  const failure = new Error('changed my mind');
  await expect(
    storage.durable.transaction(async ({ changes }) => {
      await changes.append([{ kind: 'client', id: 'gone' }]);
      throw failure;
    }),
  ).rejects.toBe(failure);
  await expect(
    storage.durable.transaction(async ({ changes, grants }) => {
      await changes.append([{ kind: 'client', id: 'gone' }]);
      await grants.putMany([{ clientId: 'no', audience: 'no', scopes: [] }]);
    }),
  ).rejects.toMatchObject({ code: 'not_found' });
  expect(await storage.durable.stores.changes.head()).toBe(head);
});

test('transactions run one at a time, and the feed is in their order', async () => {
  const order: string[] = [];
  let inside = 0;
  const start = await storage.durable.stores.changes.head();
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      storage.durable.transaction(async ({ changes }) => {
        expect(++inside).toBe(1);
        await changes.append([{ kind: 'client', id: `${index}a` }]);
        await wait(index % 4);
        await changes.append([
          { kind: 'api', id: `${index}b` },
          { kind: 'key', id: `${index}c` },
        ]);
        order.push(`${index}a`, `${index}b`, `${index}c`);
        inside--;
      }),
    ),
  );
  const { changes } = await storage.durable.stores.changes.since(start, 1000);
  expect(changes.map((change) => change.id)).toEqual(order);
  expect(changes.at(-1)?.position).toBe(await storage.durable.stores.changes.head());
  const page = await storage.durable.stores.changes.since(start, 2);
  expect(page.changes.map((change) => change.id)).toEqual(order.slice(0, 2));
});

test('pruning leaves the newest change, and tells a reader that it missed some', async () => {
  const { changes } = storage.durable.stores;
  await storage.durable.transaction((stores) =>
    stores.changes.append(Array.from({ length: 6000 }, (_, index) => ({ kind: 'client', id: `${index}` }))),
  );
  const head = await changes.head();
  expect(await changes.since(head, 10)).toEqual({ changes: [], truncated: false });
  expect((await changes.since(head + 5, 10)).truncated).toBe(true);
  expect(await changes.prune(new Date(Date.now() + 60_000), 10)).toBe(10);
  await changes.prune(new Date(Date.now() + 60_000), 100_000);
  expect(await changes.head()).toBe(head);
  expect((await changes.since(1, 10)).truncated).toBe(true);
  expect(await changes.since(head - 1, 10)).toMatchObject({ changes: [{ id: '5999' }], truncated: false });
});

test('exclusive work runs once at a time under a name, and again afterwards', async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const started = new Promise<void>((resolve) => {
    void storage.durable.exclusively('job', () => {
      resolve();
      return gate;
    });
  });
  await started;
  expect(await storage.durable.exclusively('job', () => Promise.resolve(1))).toBeUndefined();
  expect(await storage.durable.exclusively('other', () => Promise.resolve(2))).toBe(2);
  release();
  await wait(200);
  await expect(storage.durable.exclusively('job', () => Promise.reject(new Error('no')))).rejects.toThrow(
    'no',
  );
  expect(await storage.durable.exclusively('job', () => Promise.resolve(3))).toBe(3);
});

test('signals reach their own node and others', async () => {
  const heard: string[] = [];
  storage.signals.subscribe((message) => heard.push(`own ${message}`));
  const expected = ['own 17'];
  const other =
    store.databaseUrl === undefined
      ? undefined
      : await openStorage({ ...store, poolSize: 2, onWarning: () => undefined });
  other?.signals.subscribe((message) => heard.push(`other ${message}`));
  if (other) expected.unshift('other 17');
  await wait(100);
  await storage.signals.publish('17');
  await wait(500);
  await other?.close();
  expect(heard.sort()).toEqual(expected);
});

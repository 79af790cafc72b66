/** Migrations: at once from several nodes, from a newer release, and changed after the fact. */
import { PGlite } from '@electric-sql/pglite';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { join } from 'node:path';
import pg from 'pg';
import { openStorage, SchemaTooNewError, type Storage } from '../../src/storage/index.js';
import { storeUnderTest, type StoreUnderTest } from '../support/stores.js';

let store: StoreUnderTest;
const opened: Storage[] = [];

async function open(): Promise<Storage> {
  const storage = await openStorage({ ...store, poolSize: 4, onWarning: () => undefined });
  opened.push(storage);
  return storage;
}

async function closeAll(): Promise<void> {
  for (const storage of opened.splice(0)) await storage.close();
}

/** Behind the back of the storage, which is closed. */
async function execute(statement: string): Promise<void> {
  if (store.databaseUrl === undefined) {
    const db = await PGlite.create(join(store.dataDir, 'db'));
    await db.exec(statement);
    return db.close();
  }
  const client = new pg.Client({ connectionString: store.databaseUrl });
  await client.connect();
  await client.query(statement);
  return client.end();
}

beforeEach(async () => {
  store = await storeUnderTest();
});

afterEach(async () => {
  await closeAll();
  await store.dispose();
});

test('parallel migrations run each file once', async () => {
  const first = await open();
  const nodes = store.databaseUrl === undefined ? [first, first] : [first, await open(), await open()];
  const pending = await first.pending();
  expect(pending.length).toBeGreaterThanOrEqual(10);
  const done = await Promise.all(nodes.map((node) => node.migrate()));
  expect(done.flat()).toEqual(pending);
  expect(await first.pending()).toEqual([]);
  expect(await first.migrate()).toEqual([]);
});

test('a schema of a newer release is refused with a sentence that says what to do', async () => {
  await (await open()).migrate();
  await closeAll();
  await execute(
    "INSERT INTO schema_migrations (version, name, checksum) VALUES (9000, '9000_later.sql', 'x')",
  );
  const storage = await open();
  await expect(storage.migrate()).rejects.toThrow(SchemaTooNewError);
  await expect(storage.pending()).rejects.toThrow(/9000_later\.sql.*Start the release that migrated/);
});

test('a migration that was changed after it ran is refused', async () => {
  await (await open()).migrate();
  await closeAll();
  await execute("UPDATE schema_migrations SET checksum = 'other' WHERE version = 3");
  await expect((await open()).migrate()).rejects.toThrow(/0003_clients\.sql was changed/);
});

/** Workers that share one audit spool while the database is away. Runs where a proxy can cut the database off. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as jose from 'jose';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startGatehouse, type Credentials, type Node } from '../support/gatehouse.js';
import { severableProxy, through, type SeverableProxy } from '../support/severable.js';
import { storeUnderTest, type StoreUnderTest } from '../support/stores.js';

const API = 'urn:spool:api';
const WORKERS = 3;
let store: StoreUnderTest;
let sql: SeverableProxy;
let node: Node;
let caller: Credentials;

beforeAll(async () => {
  store = await storeUnderTest();
  const { databaseUrl = '' } = store;
  sql = await severableProxy(new URL(databaseUrl).hostname, Number(new URL(databaseUrl).port));
  node = await startGatehouse({
    store: { ...store, databaseUrl: through(sql, databaseUrl) },
    env: { GATEHOUSE_WORKERS: String(WORKERS) },
  });
  await node.createApi(API, ['a']);
  caller = await node.createClient({ name: 'caller', grants: [{ audience: API, scopes: ['a'] }] });
});
afterAll(async () => {
  await node.terminate();
  await sql.close();
  await store.dispose();
});

const spool = (): string[] =>
  readdirSync(join(node.env['GATEHOUSE_DATA_DIR'] ?? '', 'audit-spool')).filter((name) =>
    name.endsWith('.jsonl'),
  );
const writers = (): Set<string> => new Set(spool().map((name) => name.replace(/^.*-(\d+)\.jsonl$/, '$1')));

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The ids of tokens from many connections at once, so that every worker issues some. */
async function issue(): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: 30 }, () => node.token({ ...caller })));
  return answers.flatMap(({ status, body }) =>
    status === 200 ? [String(jose.decodeJwt(String(body['access_token'])).jti)] : [],
  );
}

async function recorded(): Promise<string[]> {
  const found: string[] = [];
  let cursor = '';
  do {
    const { body } = await node.admin('GET', `/audit?type=token.issued&limit=200${cursor}`);
    found.push(...(body['items'] as { subject: { id: string } }[]).map(({ subject }) => subject.id));
    cursor = typeof body['nextCursor'] === 'string' ? `&cursor=${body['nextCursor']}` : '';
  } while (cursor !== '');
  return found;
}

it('each record what they issued, once, as soon as it is back', async () => {
  // Every worker knows the client before the database goes.
  for (let i = 0; i < 5; i += 1) expect(await issue()).toHaveLength(30);
  const issued: string[] = [];
  for (let outage = 0; outage < 2; outage += 1) {
    await sql.cut();
    await until('a batch of every worker in the spool', async () => {
      issued.push(...(await issue()));
      return writers().size === WORKERS;
    });
    await sql.restore();
    await until('an empty spool', () => spool().length === 0);
  }
  await until('the whole record', async () => {
    const all = await recorded();
    const counted = new Map<string, number>();
    for (const jti of all) counted.set(jti, (counted.get(jti) ?? 0) + 1);
    return issued.every((jti) => counted.get(jti) === 1);
  });
  expect(issued.length).toBeGreaterThan(60);
}, 180_000);

/** The store that a test runs on: GATEHOUSE_TEST_STORE names it, TEST_* say where it is. Never skips. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface StoreUnderTest {
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly redisPrefix: string;
  readonly dataDir: string;
  dispose(): Promise<void>;
}

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`the store under test needs ${name}`);
  return value;
}

/** A fresh database, Redis prefix and data directory. @throws Error when the store that was asked for is not there */
export async function storeUnderTest(): Promise<StoreUnderTest> {
  const kind = process.env.GATEHOUSE_TEST_STORE ?? 'embedded';
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-test-'));
  const name = `t_${randomBytes(6).toString('hex')}`;
  const base = { redisPrefix: `${name}:`, dataDir };
  const removeDir = () => rm(dataDir, { recursive: true, force: true });
  if (kind === 'embedded') return { ...base, dispose: removeDir };
  if (!['postgres', 'redis', 'cluster'].includes(kind)) throw new Error(`unknown store ${kind}`);
  const server = needed('TEST_DATABASE_URL');
  await administer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const redisUrl =
    kind === 'redis'
      ? needed('TEST_REDIS_URL')
      : kind === 'cluster'
        ? needed('TEST_REDIS_CLUSTER_URL')
        : undefined;
  return {
    ...base,
    databaseUrl: url.toString(),
    ...(redisUrl === undefined ? {} : { redisUrl }),
    dispose: async () => {
      await administer(server, `DROP DATABASE ${name} WITH (FORCE)`);
      await removeDir();
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

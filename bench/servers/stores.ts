/** A fresh place in the stores for each Gatehouse that the benchmark starts, and its removal. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface StorePlace {
  /** Settings that lead Gatehouse there. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export interface StoreUrls {
  readonly database: string | undefined;
  readonly redis: string | undefined;
}

/** What the environment offers; names for tests come first. */
export function findStores(env: NodeJS.ProcessEnv): StoreUrls {
  const database = env['TEST_DATABASE_URL'] ?? env['DATABASE_URL'];
  return {
    database,
    redis: database === undefined ? undefined : (env['TEST_REDIS_URL'] ?? env['REDIS_URL']),
  };
}

export function describeStores(urls: StoreUrls): string {
  if (urls.database === undefined) return 'embedded (PGlite)';
  return urls.redis === undefined ? 'PostgreSQL' : 'PostgreSQL and Redis';
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

export async function makePlace(urls: StoreUrls): Promise<StorePlace> {
  if (urls.database === undefined) return { env: {}, remove: () => Promise.resolve() };
  const base = urls.database;
  const name = `gatehouse_bench_${randomBytes(6).toString('hex')}`;
  await administer(base, `CREATE DATABASE ${name}`);
  const own = new URL(base);
  own.pathname = `/${name}`;
  const redis = urls.redis === undefined ? {} : { REDIS_URL: urls.redis, GATEHOUSE_REDIS_PREFIX: `${name}:` };
  return {
    env: { DATABASE_URL: own.href, ...redis },
    remove: () => administer(base, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/**
 * The forms of Redis beside the single one that all suites use: Sentinel and Cluster that lose a master for good, and TLS
 * with a password. Each test has servers of its own, since it kills them.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ASSERTION_TYPE,
  assertionClaims,
  newClientKey,
  signAssertion,
  type ClientKey,
} from '../support/assertions.js';
import { createAuthority, createCertificate } from '../support/certificates.js';
import { startGatehouse, type Credentials, type Json, type Node } from '../support/gatehouse.js';
import { RedisServers, type RedisServer } from '../support/redis_servers.js';
import { storeUnderTest, type StoreUnderTest } from '../support/stores.js';

const API = 'urn:redis:opaque';
let servers: RedisServers;
let store: StoreUnderTest;
let node: Node | undefined;

beforeEach(async () => {
  servers = new RedisServers();
  store = await storeUnderTest();
});
afterEach(async () => {
  await node?.terminate();
  node = undefined;
  await servers.stop();
  await store.dispose();
});

interface Parties {
  readonly node: Node;
  readonly caller: Credentials;
  readonly server: Credentials;
  readonly signer: string;
  readonly key: ClientKey;
}

async function parties(redisUrl: string, env: Readonly<Record<string, string>> = {}): Promise<Parties> {
  // Each replay is a failed authentication; here they are many and meant.
  const limit = { GATEHOUSE_AUTH_FAILURES_PER_CLIENT: '1000' };
  node = await startGatehouse({ store: { ...store, redisUrl }, env: { ...limit, ...env } });
  await node.createApi(API, ['a'], { tokenFormat: 'opaque' });
  const grants = [{ audience: API, scopes: ['a'] }];
  const key = await newClientKey();
  const signing = { name: 'signer', authMethods: ['private_key_jwt'], jwks: { keys: [key.jwk] }, grants };
  return {
    node,
    caller: await node.createClient({ name: 'caller', grants }),
    server: await node.createClient({ name: 'server', serves: [API] }),
    signer: (await node.createClient(signing)).clientId,
    key,
  };
}

const withAssertion = ({ node }: Parties, assertion: string): Promise<Json> =>
  node.post('/token', {
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion,
  });

const newAssertion = ({ node, signer, key }: Parties, seconds: number): Promise<string> => {
  const claims = assertionClaims(signer, node.issuer);
  return signAssertion(key, { ...claims, exp: Number(claims['iat']) + seconds });
};

async function opaqueToken({ node, caller }: Parties): Promise<string> {
  const { status, body } = await node.token({ ...caller });
  expect(status).toBe(200);
  return String(body['access_token']);
}

/** Statuses other than 200 and 503 would be wrong answers, not an outage. */
async function backToWork(parties: Parties): Promise<void> {
  const statuses = new Set<number>();
  await servers.until('issuing again', async () => {
    const { status } = await parties.node.token({ ...parties.caller });
    statuses.add(status);
    return status === 200;
  });
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
}

/** The first answer that is not 503: connections may be cut more than once while a failover comes to its end. */
async function judged(ask: () => Promise<Json>): Promise<Json> {
  let answer: Json | undefined;
  await servers.until('an answer', async () => {
    answer = await ask();
    return answer.status !== 503;
  });
  if (!answer) throw new Error('there was no answer');
  return answer;
}

/** What was done before the failover holds after it: tokens live, one-time uses stay used, counters and signals work. */
async function survives(parties: Parties, failover: () => Promise<void>): Promise<void> {
  const { node, caller, server } = parties;
  const before: string[] = [];
  // Many, so that every part of a Cluster holds some.
  for (let i = 0; i < 30; i += 1) before.push(await opaqueToken(parties));
  const assertions = await Promise.all(Array.from({ length: 30 }, () => newAssertion(parties, 120)));
  for (const assertion of assertions) expect((await withAssertion(parties, assertion)).status).toBe(200);
  await failover();
  await backToWork(parties);
  for (const token of before) {
    expect((await judged(() => node.introspect(token, server))).body['active']).toBe(true);
  }
  for (const assertion of assertions) {
    expect((await judged(() => withAssertion(parties, assertion))).body['error']).toBe('invalid_client');
  }
  let fresh = '';
  const first = await judged(async () => {
    // A new one each time: one whose answer was lost may count as used.
    fresh = await newAssertion(parties, 60);
    return withAssertion(parties, fresh);
  });
  expect(first.status).toBe(200);
  expect((await judged(() => withAssertion(parties, fresh))).body['error']).toBe('invalid_client');
  const token = await opaqueToken(parties);
  expect((await node.revoke(token, caller)).status).toBe(200);
  expect((await node.introspect(token, server)).body['active']).toBe(false);
  expect((await fetch(`${node.adminUrl}/readyz`)).status).toBe(200);
}

const isMaster = async (server: RedisServer): Promise<boolean> =>
  (await servers.ask(server, 'INFO', 'replication')).includes('role:master');

describe('Sentinel', () => {
  it('follows to the replica that takes over when the master dies', async () => {
    const master = await servers.start();
    const replica = await servers.start(['--replicaof', '127.0.0.1', String(master.port)]);
    await servers.inSync(replica);
    const sentinels = [];
    for (let i = 0; i < 3; i += 1) sentinels.push(await servers.startSentinel(master));
    for (const sentinel of sentinels) {
      await servers.until('the Sentinels to know each other and the replica', async () => {
        const state = await servers.ask(sentinel, 'INFO', 'sentinel');
        return state.includes('slaves=1,sentinels=3');
      });
    }
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
    await survives(await parties(`redis+sentinel://${hosts}/main`), async () => {
      await master.kill();
      await servers.until('a new master', () => isMaster(replica));
    });
  }, 120_000);
});

describe('Cluster', () => {
  it('follows to the replica that takes over when a master dies', async () => {
    const nodes = await servers.startCluster();
    const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    await survives(await parties(`redis+cluster://${hosts}`), async () => {
      const [master] = nodes;
      if (!master || !(await isMaster(master))) throw new Error('the first is no master');
      const replicas = nodes.slice(3);
      await master.kill();
      await servers.until('a fourth master', async () =>
        (await Promise.all(replicas.map(isMaster))).includes(true),
      );
    });
  }, 120_000);
});

describe('TLS', () => {
  const file = (name: string, content: string): string => {
    const path = join(store.dataDir, name);
    writeFileSync(path, content);
    return path;
  };

  async function secureRedis(): Promise<{ url: string; authority: string }> {
    const authority = createAuthority('Redis authority');
    const certificate = createCertificate({
      commonName: 'redis',
      altNames: ['127.0.0.1'],
      issuer: authority,
    });
    const ca = file('redis-ca.pem', authority.certPem);
    const args = [
      ...['--tls-cert-file', file('redis.pem', certificate.certPem)],
      ...['--tls-key-file', file('redis.key', certificate.keyPem)],
      ...['--tls-ca-cert-file', ca, '--tls-auth-clients', 'no'],
      ...['--user', 'default', 'off'],
      ...['--user', 'gatehouse', 'on', '>s3cret:/@', '~*', '&*', '+@all'],
    ];
    const login = { username: 'gatehouse', password: 's3cret:/@' };
    const { port } = await servers.start(args, { ...login, tls: { ca: authority.certPem } });
    return {
      url: `rediss://gatehouse:${encodeURIComponent(login.password)}@127.0.0.1:${port}`,
      authority: ca,
    };
  }

  it('encrypts, checks the certificate, and logs in', async () => {
    const { url, authority } = await secureRedis();
    const all = await parties(url, { NODE_EXTRA_CA_CERTS: authority });
    const token = await opaqueToken(all);
    expect((await all.node.introspect(token, all.server)).body['active']).toBe(true);
    expect(all.node.logs()).not.toContain('s3cret');
  }, 60_000);

  it('refuses to start towards a server whose certificate nobody vouches for, and tells no password', async () => {
    const { url } = await secureRedis();
    const failed: unknown = await startGatehouse({ store: { ...store, redisUrl: url } }).catch(
      (error: unknown) => error,
    );
    expect(String(failed)).toMatch(/exited with 1/);
    expect(String(failed)).not.toMatch(/s3cret/);
  }, 60_000);
});

/**
 * The real program in a process of its own, on a fresh store and free ports. What a test does not hand over is left to
 * the defaults. Owns processes, ports and the store's life; what is asked over HTTP is in gatehouse_client.ts.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatehouseClient } from './gatehouse_client.js';
import { startProcess, type RunningProcess } from './process.js';
import { storeUnderTest, type StoreUnderTest } from './stores.js';

export interface GatehouseOptions {
  /** Settings beyond those that the harness makes. */
  readonly env?: Readonly<Record<string, string>>;
  /** A store to use and leave; a fresh one, disposed of by stop(), when left out. */
  readonly store?: StoreUnderTest;
}

export interface TestGatehouse extends GatehouseClient {
  readonly pid: number;
  readonly store: StoreUnderTest;
  /** Settings that the process runs with. */
  readonly env: Readonly<Record<string, string>>;
  /** admin.json of the first node. */
  readonly adminFile: string;
  /** Everything that was printed by all processes of this node so far, on both outputs. */
  logs(): string;
  /** Log records so far. */
  records(): Record<string, unknown>[];
  /** SIGTERM, and the exit code. The store is kept. */
  terminate(): Promise<number | string>;
  /** SIGKILL; the store is kept. */
  kill9(): Promise<void>;
  /** Starts again on the same store and ports, after ending what still runs. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Ends it, and disposes of the store if the harness made it. */
  stop(): Promise<number | string>;
}

/** main.js of the build that the running test belongs to. */
export const mainScript = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const PORT_ATTEMPTS = 5;

/** Whether the store under test can carry several processes; the embedded database belongs to one by design. */
export const severalProcesses = (process.env['GATEHOUSE_TEST_STORE'] ?? 'embedded') !== 'embedded';

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The settings that name a store. */
export function storeEnvironment(store: StoreUnderTest, node = 0): Record<string, string> {
  return {
    GATEHOUSE_DATA_DIR: join(store.dataDir, `node-${node}`),
    GATEHOUSE_KEYS_DIR: join(store.dataDir, 'keys'),
    GATEHOUSE_REDIS_PREFIX: store.redisPrefix,
    ...(store.databaseUrl === undefined ? {} : { DATABASE_URL: store.databaseUrl }),
    ...(store.redisUrl === undefined ? {} : { REDIS_URL: store.redisUrl }),
  };
}

/** One node, ready. */
export async function startGatehouse(options: GatehouseOptions = {}): Promise<TestGatehouse> {
  const store = options.store ?? (await storeUnderTest());
  const own = options.store === undefined;
  try {
    return await startNode({ store, own, node: 0, env: { ...masterKey(), ...options.env } });
  } catch (error) {
    if (own) await store.dispose();
    throw error;
  }
}

/**
 * Several equal nodes on one store, all ready; the first one's URL is the issuer of all. Stopping the first disposes of
 * the store, so stop it last, or call the returned stop.
 * @throws Error on the embedded store
 */
export async function startNodes(
  count: number,
  options: GatehouseOptions = {},
): Promise<{ readonly nodes: readonly TestGatehouse[]; stop(): Promise<void> }> {
  if (!severalProcesses) throw new Error('the embedded store belongs to one process');
  const first = await startGatehouse({ ...options, env: { ...masterKey(), ...options.env } });
  const nodes = [first];
  const stop = async (): Promise<void> => {
    for (const node of nodes.slice(1)) await node.stop();
    await first.stop();
  };
  try {
    for (let node = 1; node < count; node += 1) {
      const { GATEHOUSE_ISSUER: issuer = '', GATEHOUSE_MASTER_KEY: key = '' } = first.env;
      const env = { ...options.env, GATEHOUSE_ISSUER: issuer, GATEHOUSE_MASTER_KEY: key };
      nodes.push(await startNode({ store: first.store, own: false, node, env, adminFile: first.adminFile }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, stop };
}

const masterKey = (): Record<string, string> => ({
  GATEHOUSE_MASTER_KEY: randomBytes(32).toString('base64'),
});

interface NodeOptions {
  readonly store: StoreUnderTest;
  readonly own: boolean;
  readonly node: number;
  readonly env: Readonly<Record<string, string>>;
  readonly adminFile?: string;
}

async function startNode(options: NodeOptions): Promise<TestGatehouse> {
  for (let attempt = 1; ; attempt += 1) {
    const [port = 0, adminPort = 0] = await freePorts(2);
    const scheme = options.env['GATEHOUSE_TLS_CERT_FILE'] === undefined ? 'http' : 'https';
    const env: Record<string, string> = {
      ...storeEnvironment(options.store, options.node),
      GATEHOUSE_ISSUER: `${scheme}://127.0.0.1:${port}`,
      GATEHOUSE_PORT: String(port),
      GATEHOUSE_ADMIN_PORT: String(adminPort),
      ...options.env,
    };
    const node = new Node({ ...options, env }, `${scheme}://127.0.0.1:${env['GATEHOUSE_PORT'] ?? ''}`);
    try {
      await node.restart();
      return node;
    } catch (error) {
      await node.kill9();
      // Another process took the port between the look and the start.
      if (attempt === PORT_ATTEMPTS || !String(error).includes('port is in use')) throw error;
    }
  }
}

class Node extends GatehouseClient implements TestGatehouse {
  readonly store: StoreUnderTest;
  readonly adminFile: string;
  env: Readonly<Record<string, string>>;
  readonly #own: boolean;
  readonly #ended: string[] = [];
  #process: RunningProcess | undefined;

  constructor(options: NodeOptions, url: string) {
    const { env, store, own } = options;
    const adminFile = options.adminFile ?? join(env['GATEHOUSE_DATA_DIR'] ?? '', 'admin.json');
    const adminScheme = env['GATEHOUSE_ADMIN_TLS_CERT_FILE'] === undefined ? 'http' : 'https';
    const credentials = (): { clientId: string; clientSecret: string } =>
      JSON.parse(readFileSync(adminFile, 'utf8')) as { clientId: string; clientSecret: string };
    super({
      issuer: env['GATEHOUSE_ISSUER'] ?? '',
      url,
      adminUrl: `${adminScheme}://127.0.0.1:${env['GATEHOUSE_ADMIN_PORT'] ?? ''}`,
      credentials,
    });
    this.env = env;
    this.store = store;
    this.adminFile = adminFile;
    this.#own = own;
    process.once('exit', () => this.#process?.child.kill('SIGKILL'));
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  logs(): string {
    return [...this.#ended, this.#process?.stderr() ?? '', this.#process?.stdout() ?? ''].join('');
  }

  records(): Record<string, unknown>[] {
    return this.#process?.records() ?? [];
  }

  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.terminate();
    this.#retire();
    this.env = { ...this.env, ...env };
    const running = startProcess(mainScript, [], this.env);
    this.#process = running;
    await running.until(
      'ready',
      () => running.records().some((r) => r.message === 'ready'),
      START_TIMEOUT_MS,
    );
  }

  async terminate(): Promise<number | string> {
    if (!this.#process) return 0;
    this.#process.child.kill('SIGTERM');
    return this.#process.exited;
  }

  async kill9(): Promise<void> {
    this.#process?.child.kill('SIGKILL');
    await this.#process?.exited;
  }

  async stop(): Promise<number | string> {
    const code = await this.terminate();
    if (this.#own) await this.store.dispose();
    return code;
  }

  #retire(): void {
    if (this.#process) this.#ended.push(this.#process.stderr(), this.#process.stdout());
    this.#process = undefined;
  }
}

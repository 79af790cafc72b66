/**
 * The real program in a process of its own, on a fresh store and free ports. What a test does not hand over is left to
 * the defaults. Owns processes, ports and the store's life; what is asked over HTTP is in gatehouse_client.ts.
 */
import { createHash } from 'node:crypto';
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

export type { Credentials, CreatedClient, Json } from './gatehouse_client.js';

export interface CommandResult {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A node of Gatehouse. */
export interface Node extends GatehouseClient {
  readonly pid: number;
  /** The process that runs now, or ran last. */
  readonly process: RunningProcess;
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
  /** Runs the command line as the first administrator. */
  cli(...args: string[]): Promise<CommandResult>;
  /** Ends it, and disposes of the store if the harness made it. */
  stop(): Promise<number | string>;
}

/** The programs of the build that the running test belongs to. */
export const mainScript = fileURLToPath(new URL('../../src/main.js', import.meta.url));
export const cliScript = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
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
export async function startGatehouse(options: GatehouseOptions = {}): Promise<Node> {
  const store = options.store ?? (await storeUnderTest());
  const own = options.store === undefined;
  try {
    return await startNode({ store, own, node: 0, env: { ...masterKey(store), ...options.env } });
  } catch (error) {
    if (own) await store.dispose();
    throw error;
  }
}

/**
 * Several equal nodes on one fresh store, all ready; the first one's URL is the issuer of all.
 * @throws Error when more than one is asked for on the embedded store
 */
export async function startNodes(
  count: number,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly nodes: Node[]; readonly dispose: () => Promise<void> }> {
  if (count > 1 && !severalProcesses) throw new Error('the embedded store belongs to one process');
  const store = await storeUnderTest();
  const nodes: Node[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.terminate()));
    await store.dispose();
  };
  try {
    for (let node = 0; node < count; node += 1) {
      const [first] = nodes;
      const shared = first && { GATEHOUSE_ISSUER: first.issuer };
      const settings = { ...masterKey(store), ...shared, ...env };
      const adminFile = first && { adminFile: first.adminFile };
      nodes.push(await startNode({ store, own: false, node, env: settings, ...adminFile }));
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return { nodes, dispose };
}

/** The same for each process on one store. */
const masterKey = (store: StoreUnderTest): Record<string, string> => ({
  GATEHOUSE_MASTER_KEY: createHash('sha256').update(store.dataDir).digest('base64'),
});

interface NodeOptions {
  readonly store: StoreUnderTest;
  readonly own: boolean;
  readonly node: number;
  readonly env: Readonly<Record<string, string>>;
  readonly adminFile?: string;
}

async function startNode(options: NodeOptions): Promise<Node> {
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
    const node = new NodeProcess({ ...options, env }, `${scheme}://127.0.0.1:${env['GATEHOUSE_PORT'] ?? ''}`);
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

class NodeProcess extends GatehouseClient implements Node {
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

  get process(): RunningProcess {
    if (!this.#process) throw new Error('the node was not started');
    return this.#process;
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

  async cli(...args: string[]): Promise<CommandResult> {
    const run = startProcess(cliScript, args, { GATEHOUSE_ADMIN_FILE: this.adminFile });
    const code = await run.exited;
    return { code, stdout: run.stdout(), stderr: run.stderr() };
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

/** A real server as a process of its own, on the store under test and free ports. */
import { createServer } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess, type RunningProcess } from './process.js';
import { storeUnderTest, type StoreUnderTest } from './stores.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const TEST_MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
const STARTED_WITHIN_MS = 150_000;

export interface Json {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export class Node {
  readonly issuer: string;
  readonly adminUrl: string;
  readonly env: Readonly<Record<string, string>>;
  process: RunningProcess;
  readonly #adminFile: string;

  constructor(env: Readonly<Record<string, string>>, issuer: string, adminUrl: string, adminFile: string) {
    this.env = env;
    this.issuer = issuer;
    this.adminUrl = adminUrl;
    this.#adminFile = adminFile;
    this.process = startProcess(MAIN, [], env);
  }

  async ready(): Promise<void> {
    await this.process.until(
      'readiness',
      () => this.process.records().some(({ message }) => message === 'ready'),
      STARTED_WITHIN_MS,
    );
  }

  async stop(): Promise<number | string> {
    this.process.child.kill('SIGTERM');
    return this.process.exited;
  }

  async kill9(): Promise<void> {
    this.process.child.kill('SIGKILL');
    await this.process.exited;
  }

  async restart(): Promise<void> {
    this.process = startProcess(MAIN, [], this.env);
    await this.ready();
  }

  /** Posts a form; credentials go into HTTP Basic. */
  async post(
    path: string,
    form: Record<string, string>,
    client?: Credentials,
    headers: Record<string, string> = {},
  ): Promise<Json> {
    const basic =
      client && `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`;
    return json(
      await fetch(this.issuer + path, {
        method: 'POST',
        headers: { ...(basic ? { authorization: basic } : {}), ...headers },
        body: new URLSearchParams(form),
      }),
    );
  }

  async adminToken(): Promise<string> {
    const admin = JSON.parse(await readFile(this.#adminFile, 'utf8')) as Credentials;
    const form = { grant_type: 'client_credentials', resource: 'urn:gatehouse:admin' };
    return String((await this.post('/token', form, admin)).body['access_token']);
  }

  async admin(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Json> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const authorization = `Bearer ${await this.adminToken()}`;
    return json(
      await fetch(`${this.adminUrl}/admin/v1${path}`, {
        method,
        headers: { authorization, ...type, ...headers },
        ...init,
      }),
    );
  }

  /** Runs the command line against this server. */
  async cli(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
    const { GATEHOUSE_DATA_DIR = '' } = this.env;
    const run = startProcess(CLI, args, { GATEHOUSE_DATA_DIR });
    const code = await run.exited;
    return { code, stdout: run.stdout(), stderr: run.stderr() };
  }
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

async function json(response: Response): Promise<Json> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as Json['body']) : { text },
  };
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Starts `count` nodes on one fresh store; the first one makes it. */
export async function startNodes(
  count: number,
  env: Record<string, string> = {},
): Promise<{ nodes: Node[]; dispose: () => Promise<void> }> {
  const store = await storeUnderTest();
  const nodes: Node[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await store.dispose();
  };
  try {
    const [issuerPort] = [await freePort()];
    for (let i = 0; i < count; i += 1) {
      const node = await startNode(store, i === 0 ? issuerPort : await freePort(), issuerPort, env);
      nodes.push(node);
      await node.ready();
    }
    return { nodes, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function startNode(
  store: StoreUnderTest,
  port: number,
  issuerPort: number,
  env: Record<string, string>,
): Promise<Node> {
  const adminPort = await freePort();
  const settings = {
    GATEHOUSE_ISSUER: `http://127.0.0.1:${issuerPort}`,
    GATEHOUSE_PORT: String(port),
    GATEHOUSE_ADMIN_PORT: String(adminPort),
    GATEHOUSE_DATA_DIR: store.dataDir,
    GATEHOUSE_MASTER_KEY: TEST_MASTER_KEY,
    GATEHOUSE_REDIS_PREFIX: store.redisPrefix,
    ...(store.databaseUrl === undefined ? {} : { DATABASE_URL: store.databaseUrl }),
    ...(store.redisUrl === undefined ? {} : { REDIS_URL: store.redisUrl }),
    ...env,
  };
  return new Node(
    settings,
    `http://127.0.0.1:${port}`,
    `http://127.0.0.1:${adminPort}`,
    join(store.dataDir, 'admin.json'),
  );
}

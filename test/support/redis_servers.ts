/** Redis servers of a test's own, on free loopback ports, that it may kill: single with TLS, Sentinel, Cluster. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const READY_MS = 20_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A port that is free, and free at its number + 10000 for the bus of a Cluster. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 30_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** How a server that is not open to all is talked to. */
export interface RedisLogin {
  readonly username: string;
  readonly password: string;
  readonly tls: { readonly ca: string };
}

export interface RedisServer {
  readonly port: number;
  readonly home: string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export class RedisServers {
  readonly #home = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'));
  readonly #running = new Map<RedisServer, ChildProcess>();

  /** Starts one with these arguments beside the port; resolves when it answers. */
  async start(args: readonly string[] = [], login?: RedisLogin): Promise<RedisServer> {
    const port = await freePort();
    const home = join(this.#home, String(port));
    mkdirSync(home);
    const listen = login ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)];
    const common = [
      '--bind',
      '127.0.0.1',
      '--dir',
      home,
      '--maxmemory-policy',
      'noeviction',
      '--appendonly',
      'yes',
    ];
    const child = spawn('redis-server', [...listen, ...common, ...args], { stdio: 'ignore' });
    return this.#started(child, { port, home }, login);
  }

  /** A Sentinel that watches `master` under the name `main`; two of three decide. */
  async startSentinel(master: RedisServer): Promise<RedisServer> {
    const port = await freePort();
    const home = join(this.#home, String(port));
    mkdirSync(home);
    const file = join(home, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${home}`,
      `sentinel monitor main 127.0.0.1 ${master.port} 2`,
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 5000',
    ];
    writeFileSync(file, lines.join('\n'));
    const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
    return this.#started(child, { port, home });
  }

  /** A Cluster of three masters, which come first, with a replica each. */
  async startCluster(): Promise<RedisServer[]> {
    const args = [
      '--cluster-enabled',
      'yes',
      '--cluster-config-file',
      'nodes.conf',
      '--cluster-node-timeout',
      '2000',
    ];
    const nodes = await Promise.all(Array.from({ length: 6 }, () => this.start(args)));
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const made = spawnSync(
      'redis-cli',
      ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'],
      { encoding: 'utf8', timeout: 60_000 },
    );
    if (made.status !== 0) throw new Error(`the Cluster was not made: ${made.stdout}${made.stderr}`);
    for (const node of nodes) {
      await this.until(`the Cluster at ${node.port}`, async () =>
        (await this.ask(node, 'CLUSTER', 'INFO')).includes('cluster_state:ok'),
      );
    }
    for (const node of nodes.slice(3)) await this.inSync(node);
    return nodes;
  }

  /** Resolves when a replica has what its master has; before, it would not take over. */
  async inSync(replica: RedisServer): Promise<void> {
    await this.until(`the replica at ${replica.port}`, async () =>
      (await this.ask(replica, 'INFO', 'replication')).includes('master_link_status:up'),
    );
  }

  /** The answer to one command, as text. */
  async ask(server: RedisServer, command: string, ...args: string[]): Promise<string> {
    const redis = new Redis({ host: '127.0.0.1', port: server.port, retryStrategy: null, lazyConnect: true });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return JSON.stringify(await redis.call(command, ...args));
    } finally {
      redis.disconnect();
    }
  }

  async until(what: string, check: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (!(await check().catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`${what} did not come about`);
      await pause(100);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((server) => server.kill()));
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #started(
    child: ChildProcess,
    at: { readonly port: number; readonly home: string },
    login?: RedisLogin,
  ): Promise<RedisServer> {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const server: RedisServer = {
      ...at,
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
        this.#running.delete(server);
      },
    };
    this.#running.set(server, child);
    process.once('exit', () => child.kill('SIGKILL'));
    const redis = new Redis({
      ...login,
      host: '127.0.0.1',
      port: at.port,
      lazyConnect: true,
      retryStrategy: null,
    });
    redis.on('error', () => undefined);
    try {
      await this.until(`Redis at ${at.port}`, async () => {
        if (redis.status !== 'ready') await redis.connect();
        await redis.ping();
        return true;
      });
    } finally {
      redis.disconnect();
    }
    return server;
  }
}

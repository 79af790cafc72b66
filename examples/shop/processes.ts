/** The programs that the example runs: Gatehouse, its command line and the services. Owns their lives and the scratch directory. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const START_MS = 60_000;
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Nothing of the shell's own settings, such as DATABASE_URL, gets into the example. */
const cleanEnvironment = (): Record<string, string> => ({ PATH: process.env['PATH'] ?? '' });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Processes {
  readonly directory = mkdtempSync(join(tmpdir(), 'gatehouse-shop-'));
  readonly #children: ChildProcess[] = [];
  #environment: Record<string, string> = {};

  /** Starts Gatehouse on the embedded store; answers its issuer when it is ready. */
  async startGatehouse(): Promise<string> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const issuer = `http://127.0.0.1:${port}`;
    this.#environment = {
      GATEHOUSE_ISSUER: issuer,
      GATEHOUSE_PORT: String(port),
      GATEHOUSE_ADMIN_PORT: String(adminPort),
      GATEHOUSE_DATA_DIR: join(this.directory, 'data'),
      GATEHOUSE_KEYS_DIR: join(this.directory, 'keys'),
      GATEHOUSE_LOG_LEVEL: 'warn',
    };
    const child = this.#spawn('../../src/main.js', this.#environment);
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && child.exitCode === null) {
      const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
      if (response?.status === 200) return issuer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('Gatehouse did not become ready');
  }

  /** Runs `gatehouse ...` with --json; answers what it prints. */
  async gatehouse(...args: readonly string[]): Promise<unknown> {
    const command = [file('../../src/cli/main.js'), ...args, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, command, {
      env: { ...cleanEnvironment(), ...this.#environment },
      timeout: START_MS,
    });
    return JSON.parse(stdout);
  }

  /** Starts one of the services; answers its address. */
  async startService(name: 'orders' | 'inventory', env: Readonly<Record<string, string>>): Promise<string> {
    const child = this.#spawn(`./${name}.js`, env);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} did not start`)), START_MS);
      child.once('exit', () => reject(new Error(`${name} ended`)));
      child.stdout?.on('data', (data: Buffer) => {
        const [url] = /http:\/\/[\d.:]+/.exec(data.toString()) ?? [];
        if (url === undefined) return;
        clearTimeout(timer);
        resolve(url);
      });
    });
  }

  #spawn(script: string, env: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(process.execPath, [file(script)], {
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return child;
  }

  /** Ends everything and removes the scratch directory. */
  async stop(): Promise<void> {
    await Promise.all(this.#children.map(end));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(timer);
}

import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startProcess, type RunningProcess } from '../../support/process.js';

const script = fileURLToPath(new URL('./fake_main.js', import.meta.url));
const PORTS = { GATEHOUSE_PORT: '0', GATEHOUSE_ADMIN_PORT: '0' };
const CLUSTER = { ...PORTS, GATEHOUSE_WORKERS: '2', DATABASE_URL: 'postgres://db/x' };

let running: RunningProcess;
const started: RunningProcess[] = [];
function start(env: Record<string, string>): RunningProcess {
  running = startProcess(script, [], env);
  started.push(running);
  return running;
}
afterEach(async () => {
  for (const each of started.splice(0)) {
    each.child.kill('SIGKILL');
    await each.exited;
  }
});

async function ready(env: Record<string, string> = PORTS): Promise<{ publicUrl: string; adminUrl: string }> {
  const server = start(env);
  const record = await server.until('ready', () => server.records().find((r) => r.message === 'ready'));
  return {
    publicUrl: String(record['gatehouse.public_url']),
    adminUrl: String(record['gatehouse.admin_url']),
  };
}

const pidOf = async (url: string) => {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return ((await response.json()) as { pid: number }).pid;
};

describe('a process', () => {
  it('serves, and ends with 0 at SIGTERM without losing a request in flight or a line', async () => {
    const { publicUrl, adminUrl } = await ready();
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
    const slow = fetch(`${publicUrl}/slow`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    running.child.kill('SIGTERM');
    const response = await slow;
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    expect(await running.exited).toBe(0);
    const records = running.records();
    expect(records.map((r) => r.message)).toEqual(
      expect.arrayContaining(['ready', 'shutting down', 'request']),
    );
    expect(records.some((r) => r['url.path'] === '/slow')).toBe(true);
  });

  it('ends at once at a second signal', async () => {
    const { publicUrl } = await ready({ ...PORTS, FAKE_CLOSE: 'hang' });
    await fetch(publicUrl);
    running.child.kill('SIGTERM');
    await running.until('shutting down', () => running.records().some((r) => r.message === 'shutting down'));
    running.child.kill('SIGINT');
    expect(await running.exited).toBe(1);
  });

  it('can be stopped while it starts', async () => {
    start({ ...PORTS, FAKE_START: 'hang' });
    await running.until('composing', () => running.records().some((r) => r.message === 'composing'));
    running.child.kill('SIGTERM');
    expect(await running.exited).toBe(0);
  });

  it('lists every fault of its settings and ends with 2', async () => {
    start({ GATEHOUSE_PORT: 'x', GATEHOUSE_TYPO: '1', REDIS_URL: 'redis://r' });
    expect(await running.exited).toBe(2);
    expect(running.stderr()).toMatch(/has 2 faults:\n.*GATEHOUSE_(TYPO|PORT).*\n.*GATEHOUSE_(TYPO|PORT)/);
    expect(running.stdout()).toBe('');
  });

  it('tells a failed start in one sentence without secrets and ends with 1', async () => {
    start({ ...PORTS, FAKE_START: 'fail' });
    expect(await running.exited).toBe(1);
    expect(running.stderr()).toBe(
      'gatehouse: the database is not available (connect ECONNREFUSED postgres://u:[redacted]@127.0.0.1:1)\n',
    );
  });

  it('tells that a port is in use and ends with 1', async () => {
    const { publicUrl } = await ready();
    start({ GATEHOUSE_PORT: new URL(publicUrl).port, GATEHOUSE_ADMIN_PORT: '0' });
    expect(await running.exited).toBe(1);
    expect(running.stderr()).toContain(`${new URL(publicUrl).port}: the port is in use by another process\n`);
  });

  it('logs a crash that nobody expected and ends with 1', async () => {
    const { publicUrl } = await ready();
    await fetch(`${publicUrl}/crash`).catch(() => undefined);
    expect(await running.exited).toBe(1);
    expect(running.records()).toContainEqual(
      expect.objectContaining({
        level: 'fatal',
        message: 'unhandled rejection',
        error: expect.objectContaining({ 'exception.message': 'crashed' }),
      }),
    );
  });

  it('warns of what is allowed but unwise', async () => {
    await ready({ ...PORTS, GATEHOUSE_ISSUER: 'http://id.example.com' });
    expect(running.records().filter((r) => r.level === 'warn')).toHaveLength(1);
  });
});

describe('a cluster', () => {
  it('serves by several workers on one port, adds up their metrics, and ends with 0', async () => {
    const { publicUrl, adminUrl } = await ready(CLUSTER);
    const pids = new Set<number>();
    for (let i = 0; i < 20; i += 1) pids.add(await pidOf(publicUrl));
    expect(pids.size).toBe(2);
    expect(pids.has(running.pid)).toBe(false);
    const text = await (await fetch(`${adminUrl}/metrics`)).text();
    const line = text.split('\n').find((l) => l.startsWith('gatehouse_http_requests_total{plane="public"'));
    expect(line).toMatch(/ 20$/);
    const slow = fetch(`${publicUrl}/slow`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    running.child.kill('SIGTERM');
    expect((await slow).status).toBe(200);
    expect(await running.exited).toBe(0);
  });

  it('replaces a worker that dies', async () => {
    const { publicUrl } = await ready(CLUSTER);
    const victim = await pidOf(publicUrl);
    process.kill(victim, 'SIGKILL');
    const left = await running.until('replaced', () =>
      running.records().find((r) => r.message === 'a worker died; starting another'),
    );
    expect(left['process.pid']).toBe(victim);
    const pids = new Set<number>();
    const deadline = Date.now() + 15_000;
    while (pids.size < 2 && Date.now() < deadline) pids.add(await pidOf(publicUrl));
    expect(pids.size).toBe(2);
    expect(pids.has(victim)).toBe(false);
    running.child.kill('SIGINT');
    expect(await running.exited).toBe(0);
  });

  it('gives up when workers die at their start, and tells the reason once', async () => {
    start({ ...CLUSTER, FAKE_START: 'fail' });
    expect(await running.exited).toBe(1);
    expect(running.stderr().match(/the database is not available/g)).toHaveLength(1);
  });

  it('kills workers that do not end, at a second signal', async () => {
    await ready({ ...CLUSTER, FAKE_CLOSE: 'hang' });
    running.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 300));
    running.child.kill('SIGTERM');
    expect(await running.exited).toBe(1);
  });

  it('leaves no worker behind when the primary dies', async () => {
    const { publicUrl } = await ready(CLUSTER);
    const port = Number(new URL(publicUrl).port);
    running.child.kill('SIGKILL');
    const open = () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(true));
        socket.on('error', () => resolve(false));
        socket.on('connect', () => socket.destroy());
      });
    const deadline = Date.now() + 10_000;
    while ((await open()) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await open()).toBe(false);
    // Workers share the output: it closes when the last of them is gone.
    await running.exited;
  });
});

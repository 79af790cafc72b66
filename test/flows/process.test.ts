import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { basic, type CreatedClient } from '../support/gatehouse_client.js';
import { freePorts, mainScript, startGatehouse, type Node } from '../support/gatehouse.js';
import { startProcess } from '../support/process.js';

const AUDIENCE = 'urn:shop:inventory';
let gatehouse: Node;
let orders: CreatedClient;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-process-'));
  gatehouse = await startGatehouse();
  await gatehouse.createApi(AUDIENCE, ['inventory:read']);
  const grants = [{ audience: AUDIENCE, scopes: ['inventory:read'] }];
  orders = await gatehouse.createClient({ name: 'orders', grants });
}, 120_000);
afterAll(async () => {
  await gatehouse.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Sends a request in two parts, the second when `between` is done. */
async function inTwoParts(
  port: number,
  [first, second]: readonly [string, string],
  between: () => Promise<void>,
) {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(first);
  await between();
  socket.write(second);
  await closed;
  return answer;
}

async function raw(lines: readonly string[], url = gatehouse.url): Promise<string> {
  const text = [...lines, 'Connection: close', '', ''].join('\r\n');
  return inTwoParts(Number(new URL(url).port), [text, ''], async () => undefined);
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('a start that cannot succeed', () => {
  const start = async (env: Record<string, string>) => {
    const ports = { GATEHOUSE_PORT: '0', GATEHOUSE_ADMIN_PORT: '0' };
    const places = {
      GATEHOUSE_DATA_DIR: join(directory, 'data'),
      GATEHOUSE_KEYS_DIR: join(directory, 'keys'),
    };
    const server = startProcess(mainScript, [], { ...ports, ...places, ...env });
    const timer = setTimeout(() => server.child.kill('SIGKILL'), 60_000);
    const code = await server.exited;
    clearTimeout(timer);
    return { code, stderr: server.stderr() };
  };
  const oneSentence = /^gatehouse: .+\n$/;

  it('lists all faults of the settings and ends with 2', async () => {
    const { code, stderr } = await start({
      GATEHOUSE_PORT: '99999',
      GATEHOUSE_ISSUER: 'nonsense',
      GATEHOUSE_ISUER: 'https://x',
      GATEHOUSE_MASTER_KEY: 'hunter2',
    });
    expect(code).toBe(2);
    for (const name of ['GATEHOUSE_PORT', 'GATEHOUSE_ISSUER ', 'GATEHOUSE_ISUER', 'GATEHOUSE_MASTER_KEY'])
      expect(stderr).toContain(name);
    expect(stderr).not.toContain('hunter2');
  }, 60_000);

  it('tells that a port is in use and ends with 1', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as AddressInfo;
    const { code, stderr } = await start({ GATEHOUSE_ADMIN_PORT: String(port) });
    blocker.close();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `gatehouse: the admin plane cannot listen on 127.0.0.1:${port}: the port is in use by another process\n`,
    });
  }, 60_000);

  it('tells that the database cannot be reached and ends with 1, without its password', async () => {
    const [port = 0] = await freePorts(1);
    const { code, stderr } = await start({
      DATABASE_URL: `postgres://gatehouse:hunter2@127.0.0.1:${port}/x`,
      GATEHOUSE_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toContain('ECONNREFUSED');
    expect(stderr).not.toContain('hunter2');
  }, 60_000);

  it('tells that the data directory cannot be written and ends with 1', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const { code, stderr } = await start({ GATEHOUSE_DATA_DIR: join(file, 'data') });
    expect(code).toBe(1);
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toContain(join(file, 'data'));
  }, 60_000);

  it('tells that a TLS file is missing and ends with 1', async () => {
    const { code, stderr } = await start({
      GATEHOUSE_TLS_CERT_FILE: '/gone.pem',
      GATEHOUSE_TLS_KEY_FILE: '/gone.key',
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toContain('/gone.pem');
  }, 60_000);
});

describe('a running server', () => {
  it('wrote the credentials of the administrator for the operator alone', () => {
    expect(statSync(gatehouse.adminFile).mode & 0o777).toBe(0o600);
  });

  it('is alive, ready, and shows metrics on the admin plane only', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect([path, (await fetch(`${gatehouse.adminUrl}${path}`)).status]).toEqual([path, 200]);
      expect([path, (await fetch(`${gatehouse.url}${path}`)).status]).toEqual([path, 404]);
    }
  });

  it('shows the figures of its stores, its queues and its caches', async () => {
    const figures = await (await fetch(`${gatehouse.adminUrl}/metrics`)).text();
    const count = (series: string): number => {
      const line = figures.split('\n').find((candidate) => candidate.startsWith(`${series} `));
      if (line === undefined) throw new Error(`${series} is not there:\n${figures}`);
      return Number(line.slice(series.length));
    };
    const operations = 'gatehouse_store_operation_duration_seconds_count';
    expect(count(`${operations}{store="sql",operation="read"}`)).toBeGreaterThan(0);
    expect(count(`${operations}{store="sql",operation="transaction"}`)).toBeGreaterThan(0);
    expect(count('gatehouse_store_up{store="sql"}')).toBe(1);
    expect(count('gatehouse_audit_spool_bytes')).toBe(0);
    expect(count('gatehouse_change_feed_age_seconds')).toBeGreaterThanOrEqual(0);
    expect(count('gatehouse_cache_misses_total{cache="clients"}')).toBeGreaterThanOrEqual(0);
    const pool = 'gatehouse_database_pool_connections{state="total"}';
    if (gatehouse.env['DATABASE_URL'] === undefined) expect(figures).not.toContain(pool);
    else expect(count(pool)).toBeGreaterThan(0);
  });

  it('answers a broken HEAD request without a body, and a broken target on the admin plane with a problem', async () => {
    const head = await raw(['HEAD /jwks HTTP/1.1', 'Host: x', `X: ${'y'.repeat(20_000)}`]);
    expect(head.slice(9, 12)).toBe('431');
    expect(head.endsWith('\r\n\r\n')).toBe(true);
    const target = await raw(['OPTIONS * HTTP/1.1', 'Host: x'], gatehouse.adminUrl);
    expect(target.slice(9, 12)).toBe('400');
    expect(target).toContain('application/problem+json');
  });

  it('refuses headers that are too large, too many or given twice', async () => {
    const request = ['GET /.well-known/openid-configuration HTTP/1.1', 'Host: x'];
    const status = async (...headers: string[]) => (await raw([...request, ...headers])).slice(9, 12);
    expect(await status()).toBe('200');
    expect(await status(`X: ${'y'.repeat(20_000)}`)).toBe('431');
    expect(await status(...Array.from({ length: 150 }, (_, i) => `x-${i}: y`))).toBe('431');
    expect(await status('Authorization: Basic YTpi', 'Authorization: Basic YTpi')).toBe('400');
    expect(await status('Host: y')).toBe('400');
  });

  it('takes neither Host nor an absolute request target for its own name', async () => {
    const answer = await raw([
      'GET http://evil.example/.well-known/openid-configuration HTTP/1.1',
      'Host: evil.example',
    ]);
    expect(answer.slice(9, 12)).toBe('200');
    expect(answer).toContain(`"issuer":"${gatehouse.issuer}"`);
    expect(answer).not.toContain('evil.example');
  });

  it('logs one event for each request, with its id and without its secrets', async () => {
    const { headers, body } = await gatehouse.token({ ...orders, resource: AUDIENCE });
    const id = headers.get('x-request-id');
    const found = () => gatehouse.records().filter((r) => r['request.id'] === id);
    for (let i = 0; i < 100 && found().length === 0; i += 1) await sleep(20);
    expect(found()).toEqual([
      expect.objectContaining({
        'http.response.status_code': 200,
        'gatehouse.endpoint': 'token',
        'gatehouse.client_id': orders.clientId,
      }),
    ]);
    expect(gatehouse.logs()).not.toContain(orders.clientSecret);
    expect(gatehouse.logs()).not.toContain(String(body['access_token']));
  });
});

describe('the end of a server', () => {
  it('lets a request in flight finish at SIGTERM, and ends with 0', async () => {
    const form = `grant_type=client_credentials&resource=${AUDIENCE}`;
    const head = [
      `POST ${new URL(await gatehouse.endpoint('token_endpoint')).pathname} HTTP/1.1`,
      'Host: x',
      `Authorization: ${basic(orders)}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${form.length}`,
      '',
      '',
    ].join('\r\n');
    let ended: Promise<number | string> = Promise.resolve('not yet');
    const port = Number(new URL(gatehouse.url).port);
    const answer = await inTwoParts(port, [head + form.slice(0, 10), form.slice(10)], async () => {
      await sleep(100);
      ended = gatehouse.terminate();
      await sleep(300);
      await expect(fetch(gatehouse.url)).rejects.toThrow();
    });
    expect(answer.slice(9, 12)).toBe('200');
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain('access_token');
    expect(await ended).toBe(0);
  }, 60_000);

  it('loses nothing: started again it knows what it knew, after SIGTERM and after SIGKILL', async () => {
    const token = () => gatehouse.token({ ...orders, resource: AUDIENCE });
    await gatehouse.restart();
    const { status, body } = await token();
    expect(status).toBe(200);
    await gatehouse.kill9();
    await gatehouse.restart();
    expect((await token()).status).toBe(200);
    const introspected = await gatehouse.introspect(String(body['access_token']), gatehouse.administrator);
    expect(introspected.status).toBe(200);
  }, 120_000);

  it('does not start on a store that was sealed under another master key', async () => {
    const other = Buffer.alloc(32, 7).toString('base64');
    await expect(gatehouse.restart({ GATEHOUSE_MASTER_KEY: other })).rejects.toThrow(
      /exited with 1 .*\n.*master key/,
    );
  }, 120_000);
});

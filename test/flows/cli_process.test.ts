import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliScript, freePorts, startGatehouse, storeEnvironment, type Node } from '../support/gatehouse.js';
import { startProcess } from '../support/process.js';
import { storeUnderTest } from '../support/stores.js';
import { gatehouse, gatehouseProcess, type Outcome } from './cli_command.js';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
let server: Node;
let env: Record<string, string>;
const cli = (...args: readonly string[]): Promise<Outcome> => gatehouse(args, { env });

beforeAll(async () => {
  server = await startGatehouse();
  env = { ...server.env, GATEHOUSE_ADMIN_FILE: server.adminFile };
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a pipe that closes early', () => {
  it.each([['help'], ['list']])('ends %s without a word', async (what) => {
    const args = what === 'help' ? 'clients create --help' : 'audit export';
    const script = `"${process.execPath}" "${cliScript}" ${args} | true; echo "\${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['--norc', '-c', script], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    expect([stdout.trim(), stderr]).toEqual(['0', '']);
  });
});

describe('a server that is not there', () => {
  it('is said with what to start', async () => {
    const [port = 0] = await freePorts(1);
    const down = join(directory, 'down.json');
    const content = JSON.parse(readFileSync(server.adminFile, 'utf8')) as object;
    writeFileSync(down, JSON.stringify({ ...content, issuer: `http://127.0.0.1:${port}` }));
    const { code, stdout, stderr } = await gatehouse(['apis', 'list'], {
      env: { GATEHOUSE_ADMIN_FILE: down },
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`nothing answers at http://127.0.0.1:${port}`);
    expect(stderr).toContain('npm start');
    const json = await gatehouse(['apis', 'list', '--json'], { env: { GATEHOUSE_ADMIN_FILE: down } });
    expect(json.error()).toMatchObject({ code: 'unreachable' });
  });

  it('is told apart from credentials that it refuses', async () => {
    const wrong = join(directory, 'wrong.json');
    const content = JSON.parse(readFileSync(server.adminFile, 'utf8')) as object;
    writeFileSync(wrong, JSON.stringify({ ...content, clientSecret: 'not-the-secret' }));
    const { code, stderr } = await gatehouse(['apis', 'list'], { env: { GATEHOUSE_ADMIN_FILE: wrong } });
    expect(code).toBe(1);
    expect(stderr).toContain('refuses the credentials of gatehouse-admin');
    expect(stderr).toContain('gatehouse admin recover');
    expect(stderr).not.toContain('not-the-secret');
  });

  it.each([
    ['{', 'not JSON'],
    ['{"issuer":"http://a"}', 'adminUrl'],
  ])('admin.json %s is said to be unusable', async (content, message) => {
    const broken = join(directory, 'broken.json');
    writeFileSync(broken, content);
    const { code, stderr } = await gatehouse(['apis', 'list'], { env: { GATEHOUSE_ADMIN_FILE: broken } });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

describe('gatehouse doctor', () => {
  it('finds nothing wrong with a fresh installation', async () => {
    const outcome = await cli('doctor', '--json');
    const { healthy, findings } = outcome.json() as {
      healthy: boolean;
      findings: { check: string; status: string }[];
    };
    expect([outcome.code, healthy]).toEqual([0, true]);
    expect(findings.filter(({ status }) => status === 'failed')).toEqual([]);
    const checks = findings.map(({ check }) => check);
    for (const check of [
      'configuration',
      'admin.json',
      'discovery',
      'keys',
      'clock',
      'schema',
      'admin access',
    ])
      expect(checks).toContain(check);
    expect((await cli('doctor')).stdout).toContain('readiness: sql');
  });

  it('finds an open admin.json, a wrong setting and a server that is away', async () => {
    const open = join(directory, 'open.json');
    writeFileSync(open, readFileSync(server.adminFile));
    chmodSync(open, 0o644);
    const warned = await gatehouse(['doctor'], { env: { ...env, GATEHOUSE_ADMIN_FILE: open } });
    expect(warned.stdout).toContain('can be read by other users');
    const wrong = await gatehouse(['doctor'], { env: { ...env, GATEHOUSE_PROT: '1' } });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toContain('did you mean GATEHOUSE_PORT');
    const nothing = await gatehouseProcess(['doctor'], { cwd: directory });
    expect(nothing.code).toBe(1);
    expect(nothing.stdout).toContain('failed   admin.json');
  });
});

describe('gatehouse audit', () => {
  it('shows the newest events, and exports all as lines and as one document', async () => {
    await cli('apis', 'create', 'urn:audit:test');
    const mine = ['--type', 'api.created', '--actor', 'gatehouse-admin'];
    const tail = (await cli('audit', 'tail', ...mine, '--json')).json();
    expect(tail['items']).toMatchObject([{ type: 'api.created', subject: { id: 'urn:audit:test' } }]);
    expect((await cli('audit', 'tail', ...mine)).stdout).toContain(
      'client:gatehouse-admin -> api:urn:audit:test',
    );
    const lines = (await cli('audit', 'export', ...mine, '--from', '1h')).stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['api.created']);
    const document = (await cli('audit', 'export', ...mine, '--json')).json();
    expect(document['items']).toHaveLength(1);
    expect((await cli('audit', 'export', '--type', 'key.revoked', '--json')).json()).toEqual({ items: [] });
  });

  it('follows', async () => {
    const following = startProcess(
      cliScript,
      ['audit', 'tail', '--follow', '--json', '--type', 'api.created'],
      env,
    );
    await following.until('shown the past', () => following.stdout().includes('urn:audit:test'));
    await cli('apis', 'create', 'urn:audit:followed');
    await following.until('shown the new event', () => following.stdout().includes('urn:audit:followed'));
    following.child.kill('SIGINT');
    expect(await following.exited).toBe('SIGINT');
    const ids = following.records().map((record) => record['id']);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the verbs that work on the installation itself', () => {
  it('migrate, serve, recover', async () => {
    const store = await storeUnderTest();
    const [port = 0, adminPort = 0] = await freePorts(2);
    const own: Record<string, string> = {
      ...storeEnvironment(store),
      GATEHOUSE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      GATEHOUSE_ISSUER: `http://127.0.0.1:${port}`,
      GATEHOUSE_PORT: String(port),
      GATEHOUSE_ADMIN_PORT: String(adminPort),
      // Variables of the CLI are nothing that the server complains about.
      GATEHOUSE_CLIENT_ID: 'x',
    };
    const run = (...args: readonly string[]): Promise<Outcome> => gatehouseProcess(args, { env: own });
    try {
      const missing = (await run('migrate', '--dry-run', '--json')).json()['migrations'] as string[];
      expect(missing).toContain('0001_changes.sql');
      expect((await run('migrate', '--json')).json()).toEqual({ dryRun: false, migrations: missing });
      expect((await run('migrate')).stdout).toBe('the schema is up to date\n');
      expect((await run('admin', 'recover')).stderr).toContain('no administrator yet');

      const serving = startProcess(cliScript, ['serve'], own);
      await serving.until(
        'ready',
        () => serving.records().some((record) => record['message'] === 'ready'),
        60_000,
      );
      expect((await run('apis', 'list')).code).toBe(0);
      serving.child.kill('SIGTERM');
      expect(await serving.exited).toBe(0);

      rmSync(join(own['GATEHOUSE_DATA_DIR'] ?? '', 'admin.json'));
      const recovered = await run('admin', 'recover', '--json');
      expect(recovered.json()['path']).toContain('admin.json');
      const again = startProcess(cliScript, ['serve'], own);
      await again.until(
        'ready',
        () => again.records().some((record) => record['message'] === 'ready'),
        60_000,
      );
      expect((await run('apis', 'list')).code).toBe(0);
      again.child.kill('SIGTERM');
      await again.exited;
    } finally {
      await store.dispose();
    }
  });

  it('serve and migrate list the faults of a wrong configuration and end with 2', async () => {
    for (const verb of ['serve', 'migrate']) {
      const { code, stderr } = await gatehouseProcess([verb], {
        env: { GATEHOUSE_PORT: 'x', GATEHOUSE_NOPE: '1' },
      });
      expect(code).toBe(2);
      expect(stderr).toContain('GATEHOUSE_PORT');
      expect(stderr).toContain('GATEHOUSE_NOPE');
    }
  });

  it('migrate says that a database is away', async () => {
    const [port = 0] = await freePorts(1);
    const away = { DATABASE_URL: `postgres://u:hidden@127.0.0.1:${port}/d`, GATEHOUSE_DATA_DIR: directory };
    const { code, stderr } = await gatehouseProcess(['migrate'], { env: away });
    expect(code).toBe(1);
    expect(stderr).not.toContain('hidden');
    expect(stderr).not.toContain('unexpected error');
  });
});

describe('examples/quickstart/validate.mjs', () => {
  it('accepts a good token and refuses the others', async () => {
    const { packageRoot } = await import('../../src/lib/package_root.js');
    const { stdout: token } = await cli('token', '--api', 'urn:gatehouse:admin', '--scope', 'apis:read');
    const validate = async (...args: readonly string[]): Promise<[number | string, string]> => {
      const script = `${packageRoot}examples/quickstart/validate.mjs`;
      const running = startProcess(script, args, { GATEHOUSE_ISSUER: server.issuer });
      return [await running.exited, running.stdout()];
    };
    const [code, text] = await validate(token.trim(), 'urn:gatehouse:admin', 'apis:read');
    expect([code, text]).toEqual([0, 'valid: gatehouse-admin may apis:read at urn:gatehouse:admin\n']);
    expect((await validate(token.trim()))[0]).toBe(1);
    expect((await validate(token.trim(), 'urn:gatehouse:admin', 'apis:write'))[0]).toBe(1);
    expect((await validate('nonsense'))[0]).toBe(1);
  });
});

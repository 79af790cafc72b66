import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGatehouse, type Node } from '../support/gatehouse.js';
import { gatehouse, type Outcome } from './cli_command.js';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
const file = (name: string): string => join(directory, name);
let server: Node;
let env: Record<string, string>;

const cli = (...args: readonly string[]): Promise<Outcome> => gatehouse(args, { env });
const drift = async (name = 'gatehouse.yaml'): Promise<number | null> =>
  (await cli('apply', '-f', file(name), '--dry-run', '--prune', '--exit-code')).code;

const DOCUMENT = `
version: 1
apis:
  - audience: urn:shop:inventory
    scopes:
      inventory:read: See the stock
      inventory:write: ""
clients:
  - name: orders
    grants:
      urn:shop:inventory: [inventory:read]
  - name: inventory
    clientId: inventory
    serves: [urn:shop:inventory]
  - name: page
    type: spa
    redirectUris: [https://shop.example.com/]
`;

beforeAll(async () => {
  server = await startGatehouse();
  env = { GATEHOUSE_ADMIN_FILE: server.adminFile };
  writeFileSync(file('gatehouse.yaml'), DOCUMENT);
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

// Each test goes on where the one before ended.
describe('gatehouse apply', () => {
  it('exits with 2 for --dry-run --exit-code when there is drift, and changes nothing', async () => {
    const plan = await cli('apply', '-f', file('gatehouse.yaml'), '--dry-run', '--exit-code');
    expect(plan).toMatchObject({ code: 2, stderr: '' });
    expect(plan.stdout).toContain('+ api urn:shop:inventory');
    expect(plan.stdout).toContain('+ grant orders -> urn:shop:inventory');
    expect(plan.stdout).toContain('Plan: 5 to create');
    expect((await cli('apply', '-f', file('gatehouse.yaml'), '--dry-run')).code).toBe(0);
    expect((await cli('apis', 'list', '--query', 'inventory')).stdout).toBe('none\n');
  });

  it('creates, and writes the credentials of new clients that use a secret', async () => {
    const credentials = file('credentials.json');
    const args = ['apply', '-f', file('gatehouse.yaml'), '--issue-secrets', credentials];
    const applied = await cli(...args, '--json');
    expect(applied.json()).toMatchObject({ applied: true, plan: { summary: { create: 5 } } });
    expect(statSync(credentials).mode & 0o777).toBe(0o600);
    const { clients } = JSON.parse(readFileSync(credentials, 'utf8')) as {
      clients: { clientId: string; name: string; clientSecret: string }[];
    };
    expect(clients.map(({ name }) => name).sort()).toEqual(['inventory', 'orders']);
    const orders = clients.find(({ name }) => name === 'orders');
    const token = ['--client-id', orders?.clientId ?? '', '--client-secret', orders?.clientSecret ?? ''];
    expect((await cli('token', ...token)).code).toBe(0);
    expect(applied.stdout).not.toContain(orders?.clientSecret);
    const again = await cli(...args);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('exists already');
  });

  it('changes nothing the second time', async () => {
    expect(await drift()).toBe(0);
    const { code, stdout } = await cli('apply', '-f', file('gatehouse.yaml'));
    expect([code, stdout]).toEqual([0, 'No changes: 5 unchanged.\n']);
  });

  it('updates, shows what differs, and prunes on request only', async () => {
    const changed = DOCUMENT.replace('See the stock', 'Look').replace(
      '    type: spa\n',
      '    type: spa\n    description: Shop\n',
    );
    writeFileSync(file('changed.yaml'), changed.replace(/ {2}- name: orders\n.*\n.*\n/, ''));
    const kept = await cli('apply', '-f', file('changed.yaml'));
    expect(kept.stdout).toContain('+ inventory:read = "Look"');
    expect(kept.stdout).toContain('description: "" -> "Shop"');
    expect((await cli('clients', 'list', '--name', 'orders')).stdout).toContain('orders');
    const pruned = await cli('apply', '-f', file('changed.yaml'), '--prune');
    expect(pruned.stdout).toContain('- client orders');
    expect((await cli('clients', 'list', '--name', 'orders')).stdout).toBe('none\n');
    expect((await cli('clients', 'list')).stdout).toContain('gatehouse-admin');
    expect(await drift('changed.yaml')).toBe(0);
  });

  it('is all or nothing, and names the entry that is wrong', async () => {
    const wrong = `${DOCUMENT}  - name: broken\n    serves: [urn:shop:nowhere]\n`;
    writeFileSync(file('wrong.yaml'), wrong);
    const { code, stderr } = await cli(
      'apply',
      '-f',
      file('wrong.yaml'),
      '--issue-secrets',
      file('none.json'),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/clients\/3.*urn:shop:nowhere.*\(broken\)/);
    expect(existsSync(file('none.json'))).toBe(false);
    expect((await cli('clients', 'list', '--name', 'orders')).stdout).toBe('none\n');
  });

  it('refuses what is no YAML with the line, and what is too much of it', async () => {
    writeFileSync(file('broken.yaml'), 'version: 1\napis:\n  - audience: "x\n');
    const broken = await cli('apply', '-f', file('broken.yaml'), '--json');
    expect(broken.code).toBe(2);
    expect(broken.error()['message']).toMatch(/broken\.yaml is not valid YAML:\n {2}line \d+/);
    writeFileSync(file('unknown.yaml'), 'version: 1\nclient: []\n');
    expect((await cli('apply', '-f', file('unknown.yaml'))).stderr).toContain('client');
  });
});

describe('gatehouse export', () => {
  it('makes a file that apply takes without a change, and that exports the same again', async () => {
    expect((await cli('apply', '-f', file('gatehouse.yaml'))).code).toBe(0);
    const tricky = '"quoted" # not a comment: {a}\nline\u001b[2J \u2028 yes';
    await cli('apis', 'create', 'urn:shop:tricky', '--description', tricky, '--scope', 'on=null');
    const first = await cli('export');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).not.toMatch(/ghs_|argon2|hash/);
    const applied = await gatehouse(['apply', '-f', '-', '--prune', '--json'], { env, stdin: first.stdout });
    expect(applied.json()).toMatchObject({ plan: { changes: [] } });
    expect((await cli('export')).stdout).toBe(first.stdout);
    const document = (await cli('export', '--json')).json();
    expect(Object.keys(document)).toEqual(['version', 'apis', 'clients']);
  });

  it('restores what was lost', async () => {
    const { stdout } = await cli('export');
    await cli('clients', 'delete', 'inventory');
    const restored = await gatehouse(['apply', '-f', '-'], { env, stdin: stdout });
    expect(restored.stdout).toContain('+ client inventory');
    expect((await cli('export')).stdout).toBe(stdout);
  });
});

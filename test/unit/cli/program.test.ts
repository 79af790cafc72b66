import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { cliDocument } from '../../../src/cli/document.js';
import { createTerminal } from '../../../src/cli/output/terminal.js';
import { createProgram } from '../../../src/cli/program.js';
import { flatten, treeOf } from '../../../src/cli/tree.js';
import { packageRoot } from '../../../src/lib/package_root.js';
import { runCli } from './in_process.js';

const silent = { write: () => true };
const program = createProgram({
  env: {},
  stdin: (async function* () {
    yield '';
  })(),
  terminal: createTerminal(silent, silent, {}),
  fetch,
  now: Date.now,
  setExitCode: () => undefined,
});
const nodes = flatten(treeOf(program)).filter((node) => node.path.length > 1);
const verbs = nodes.filter((node) => node.children.length === 0);
const names = verbs.map((node) => node.path.slice(1).join(' '));

describe('the command tree', () => {
  it('has exactly these verbs', () => {
    expect([...names].sort()).toEqual(
      [
        'serve',
        'migrate',
        ...['create', 'list', 'show', 'update', 'delete'].map((verb) => `apis ${verb}`),
        ...['create', 'list', 'show', 'update', 'disable', 'enable', 'delete'].map(
          (verb) => `clients ${verb}`,
        ),
        'clients grant',
        'clients ungrant',
        'clients rotate-secret',
        'clients secrets list',
        'clients secrets delete',
        'token',
        'introspect',
        'revoke',
        'keys list',
        'keys revoke',
        'revocations list',
        'revocations create',
        'apply',
        'export',
        'audit tail',
        'audit export',
        'doctor',
        'admin recover',
        'completion',
        'docs',
      ].sort(),
    );
  });

  it.each(nodes.map((node) => [node.path.slice(1).join(' '), node.examples] as const))(
    '%s --help shows an example and ends with 0',
    async (name, examples) => {
      const { code, stdout, stderr } = await runCli([...name.split(' '), '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('Examples:');
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) expect(stdout).toContain(`$ ${example}`);
    },
  );

  it.each(
    verbs
      .filter((node) => node.path[1] !== 'serve')
      .map((node) => [node.path.slice(1).join(' '), node] as const),
  )('%s takes --json', (_name, node) => {
    expect(node.options.map((option) => option.long)).toContain('--json');
  });

  it('has examples whose verbs and options exist', () => {
    for (const node of nodes)
      for (const example of node.examples)
        for (const [, line = ''] of example.matchAll(/(?<=^|[\s(])gatehouse ([^|)>#]*)/g)) {
          const words = line.trim().split(/\s+/);
          let at = treeOf(program);
          for (const word of words) {
            const child = at.children.find((candidate) => candidate.path.at(-1) === word);
            if (child === undefined) break;
            at = child;
          }
          const known = at.options.flatMap((option) => [option.long, option.short]);
          const used = words.filter((word) => /^--?[a-z]/.test(word));
          expect([example, used.filter((flag) => !known.includes(flag))]).toEqual([example, []]);
          expect([example, at.children]).toEqual([example, []]);
        }
  });

  it('documents the options that other tools rely on', () => {
    const optionsOf = (name: string): string[] =>
      verbs.find((node) => node.path.slice(1).join(' ') === name)?.options.map((option) => option.long) ?? [];
    expect(optionsOf('apis create')).toEqual(
      expect.arrayContaining(['--scope', '--format', '--alg', '--ttl']),
    );
    expect(optionsOf('clients create')).toEqual(
      expect.arrayContaining(
        'type redirect-uri post-logout-redirect-uri backchannel-logout-uri auth-method grant-type jwks-file jwks-uri id-token-alg pkce api scope serves'
          .split(' ')
          .map((name) => `--${name}`),
      ),
    );
  });
});

describe('docs/cli.md', () => {
  it('is what the command tree generates (run `npm run docs`)', () => {
    expect(readFileSync(`${packageRoot}docs/cli.md`, 'utf8')).toBe(cliDocument(program));
  });
});

describe('wrong usage (exit code 2)', () => {
  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['users', 'list'], "unknown command 'users'"],
    [['keys', 'rotate'], "unknown command 'rotate'"],
    [['audit', 'verify'], "unknown command 'verify'"],
    [['apis', 'create'], "missing required argument 'uri'"],
    [['apis', 'create', 'urn:a', '--alg', 'HS256'], 'Allowed choices are ES256'],
    [['apis', 'create', 'urn:a', '--scope', 'two words'], 'one scope each'],
    [['apis', 'update', 'urn:a'], 'nothing to change'],
    [['clients', 'create', 'a', '--scope', 'x'], '--scope needs --api'],
    [['clients', 'create', 'a', '--auth-method', 'client_secret_jwt'], 'Allowed choices are'],
    [['clients', 'grant', 'c', '--scope', 'x'], "required option '--api <uri>' not specified"],
    [['clients', 'grant', 'c', '--api', 'urn:a'], '--scope names no scope'],
    [['clients', 'ungrant', 'c', '--api', 'urn:a', '--scope', ' '], '--scope names no scope'],
    [['clients', 'rotate-secret', 'c', '--overlap', 'soon'], 'Use a duration'],
    [['clients', 'list', '--limit', '0'], 'Use a whole number'],
    [['token', '--client-secret', 'x'], '--client-id is missing'],
    [['token', '--client-id', 'x'], 'no secret is given'],
    [
      ['token', '--client-id', 'x', '--client-secret', 'a', '--client-secret-file', 'b'],
      'exclude each other',
    ],
    [['token', '--client-id', 'x', '--auth-method', 'private_key_jwt'], 'needs --private-key-file'],
    [['introspect', '-', '--client-id', 'x', '--client-secret', '-'], 'cannot both come from stdin'],
    [['revocations', 'create', '--kind', 'client'], 'either --subject or --token'],
    [['apply'], "required option '-f, --file <file>' not specified"],
    [['apply', '-f', '/nonexistent.yaml'], 'cannot be read (ENOENT)'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
  ])('%j', async (args, message) => {
    const text = await runCli(args, { stdin: 'token' });
    expect(text).toMatchObject({ code: 2, stdout: '' });
    expect(text.stderr).toContain(message);
    const json = await runCli([...args, '--json'], { stdin: 'token' });
    expect(json).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { message: expect.stringContaining(message) } });
  });

  it('suggests what was meant', async () => {
    expect((await runCli(['clients', 'crate', 'x'])).stderr).toContain('Did you mean create?');
    expect((await runCli(['clinets'])).stderr).toContain('Did you mean clients?');
    expect((await runCli(['clients', 'list', '--jsn'])).stderr).toContain('Did you mean --json?');
  });

  it('shows the verbs of a noun that stands alone', async () => {
    const { code, stderr } = await runCli(['clients']);
    expect(code).toBe(2);
    expect(stderr).toContain('rotate-secret');
  });
});

describe('without a server', () => {
  it('says where it looked for admin.json and what to do', async () => {
    const { code, stderr } = await runCli(['apis', 'list']);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no /nonexistent/admin.json');
    expect(stderr).toContain('GATEHOUSE_ADMIN_FILE');
  });

  it('does not say what an unforeseen error says', async () => {
    const args = ['token', '--client-id', 'a', '--client-secret', 'top', '--issuer', 'http://localhost:1'];
    const { code, stderr } = await runCli(args, { fetch: () => Promise.reject(new TypeError('leaks top')) });
    expect(code).toBe(1);
    expect(stderr).not.toContain('leaks');
  });
});

describe('colours', () => {
  it('appear on a terminal only, and never with NO_COLOR', async () => {
    expect((await runCli(['nope'], { isTTY: true })).stderr).toContain('\u001b[31m');
    expect((await runCli(['nope'])).stderr).not.toContain('\u001b');
    expect((await runCli(['nope'], { isTTY: true, env: { NO_COLOR: '1' } })).stderr).not.toContain('\u001b');
  });
});

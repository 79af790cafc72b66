import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { ConfigurationError, type ConfigurationFault } from '../../../src/config/faults.js';
import { loadSettings, printableSettings } from '../../../src/config/load.js';
import type { Environment } from '../../../src/config/sources.js';

const DATABASE = 'postgres://gatehouse:hunter2@db/gatehouse';

function files(contents: Record<string, string>) {
  return (path: string): string => {
    const text = contents[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  };
}

const load = (env: Environment, contents: Record<string, string> = {}) => loadSettings(env, files(contents));

function faultsOf(env: Environment, contents: Record<string, string> = {}): readonly ConfigurationFault[] {
  try {
    load(env, contents);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const messages = (faults: readonly ConfigurationFault[]) => faults.map((f) => `${f.setting}: ${f.message}`);

describe('the configuration', () => {
  it('needs no setting at all', () => {
    const { settings, warnings } = load({ PATH: '/bin' });
    expect(settings).toMatchObject({
      issuer: 'http://localhost:4000',
      port: 4000,
      adminHost: '127.0.0.1',
      adminPort: 4001,
      dataDir: '.gatehouse',
      workers: 1,
      trustedProxies: [],
    });
    expect(settings.databaseUrl).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('prefers the environment to the file and the file to the default', () => {
    const yaml =
      'port: 5000\nadmin:\n  port: 5001\nlimits:\n  body_bytes: 2048\ntrusted_proxies: [10.0.0.0/8]\n';
    const { settings } = load({ GATEHOUSE_CONFIG: '/c.yaml', GATEHOUSE_PORT: '6000' }, { '/c.yaml': yaml });
    expect(settings).toMatchObject({
      port: 6000,
      adminPort: 5001,
      bodyLimit: 2048,
      trustedProxies: ['10.0.0.0/8'],
    });
  });

  it('reads lists, booleans and `max` from texts', () => {
    const { settings } = load({
      GATEHOUSE_TRUSTED_PROXIES: '10.0.0.0/8, ::1/128',
      GATEHOUSE_ACCESS_LOG: 'false',
      GATEHOUSE_WORKERS: 'max',
      DATABASE_URL: DATABASE,
    });
    expect(settings).toMatchObject({
      trustedProxies: ['10.0.0.0/8', '::1/128'],
      accessLog: false,
      workers: 'max',
    });
  });

  it('takes a variable that is set to nothing as not set', () => {
    expect(load({ GATEHOUSE_PORT: '', DATABASE_URL: '' }).settings).toMatchObject({ port: 4000 });
  });

  it('knows the variables of the command line and the name of the file', () => {
    const env = { GATEHOUSE_ADMIN_FILE: '/a.json', GATEHOUSE_CONFIG: '/empty.yaml' };
    expect(faultsOf(env, { '/empty.yaml': '' })).toEqual([]);
  });

  it('lists all faults together', () => {
    const faults = faultsOf(
      {
        GATEHOUSE_PROT: '4000',
        GATEHOUSE_PORT: '70000',
        GATEHOUSE_ISSUER: 'ftp://x',
        GATEHOUSE_LOG_LEVEL: 'loud',
        GATEHOUSE_CONFIG: '/c.yaml',
      },
      { '/c.yaml': 'admin:\n  prot: 1\nkeys_dir:\nlimits: 3\n' },
    );
    expect(messages(faults).sort()).toEqual([
      'GATEHOUSE_ISSUER: must be an http(s) URL',
      expect.stringContaining('GATEHOUSE_LOG_LEVEL: Invalid option'),
      'GATEHOUSE_PORT: must be a whole number from 0 to 65535',
      'GATEHOUSE_PROT: is not a setting; did you mean GATEHOUSE_PORT?',
      'admin.prot: is not a setting; did you mean admin.port?',
      'keys_dir: has no value; remove the line to take the default',
      'limits: must be a mapping',
    ]);
    expect(faults.find((f) => f.setting === 'admin.prot')?.source).toBe('file /c.yaml');
  });

  it.each(['0x10', '1e3', ' 80', '80.5', '-1', 'eighty'])('refuses %j as a port', (port) => {
    expect(messages(faultsOf({ GATEHOUSE_PORT: port }))).toEqual([
      'GATEHOUSE_PORT: must be a whole number from 0 to 65535',
    ]);
  });

  it.each(['true', '[1]', '{}', '"x"'])('refuses the YAML value %s as a port', (value) => {
    expect(faultsOf({ GATEHOUSE_CONFIG: '/c' }, { '/c': `port: ${value}` })).toHaveLength(1);
  });

  it.each([
    'https://id.example.com/',
    'https://id.example.com?x',
    'https://id.example.com#',
    'https://u:p@id.example.com',
    'https://ID.example.com',
    'https://id.example.com:443',
    'id.example.com',
  ])('refuses the issuer %s', (issuer) => {
    expect(faultsOf({ GATEHOUSE_ISSUER: issuer })).toHaveLength(1);
  });

  it('refuses a broken file without quoting it', () => {
    const [fault, ...others] = faultsOf(
      { GATEHOUSE_CONFIG: '/c' },
      { '/c': 'master_key: "hunter2\nport: [' },
    );
    expect(fault?.message).toMatch(/^is not valid YAML at line \d+, column \d+ \([A-Z_]+\)$/);
    expect(JSON.stringify([fault, others])).not.toContain('hunter2');
  });

  it('refuses a file that is missing or no mapping', () => {
    expect(messages(faultsOf({ GATEHOUSE_CONFIG: '/gone' }))).toEqual([
      'GATEHOUSE_CONFIG: /gone cannot be read (ENOENT)',
    ]);
    expect(faultsOf({ GATEHOUSE_CONFIG: '/c' }, { '/c': '- port' })).toHaveLength(1);
  });
});

describe('secrets in the configuration', () => {
  const key = randomBytes(32).toString('base64');

  it('can come from files', () => {
    const env = { GATEHOUSE_MASTER_KEY_FILE: '/run/key', DATABASE_URL_FILE: '/run/db' };
    const { settings } = load(env, { '/run/key': `${key}\n`, '/run/db': `${DATABASE}\r\n` });
    expect(settings).toMatchObject({ masterKey: key, databaseUrl: DATABASE });
  });

  it('are refused from two places at once, and from a file that is not there', () => {
    const both = { GATEHOUSE_MASTER_KEY: key, GATEHOUSE_MASTER_KEY_FILE: '/run/key' };
    expect(messages(faultsOf(both, { '/run/key': key }))).toEqual([
      'GATEHOUSE_MASTER_KEY: both GATEHOUSE_MASTER_KEY and GATEHOUSE_MASTER_KEY_FILE are set; remove one',
    ]);
    expect(messages(faultsOf({ REDIS_URL_FILE: '/gone' }))).toEqual([
      'REDIS_URL_FILE: /gone cannot be read (ENOENT)',
    ]);
  });

  it('have no file variant for what is no secret', () => {
    expect(messages(faultsOf({ GATEHOUSE_ISSUER_FILE: '/x' }))[0]).toContain('is not a setting');
  });

  it('are never repeated in a fault or in print', () => {
    const env = {
      GATEHOUSE_MASTER_KEY: 'hunter2',
      DATABASE_URL: 'mysql://u:hunter2@x',
      REDIS_URL: 'hunter2',
    };
    const faults = faultsOf(env);
    expect(faults.map((f) => f.setting)).toEqual(['DATABASE_URL', 'REDIS_URL', 'GATEHOUSE_MASTER_KEY']);
    expect(() => load(env)).toThrow(expect.not.stringContaining('hunter2'));
    const printed = printableSettings(load({ DATABASE_URL: DATABASE, GATEHOUSE_MASTER_KEY: key }).settings);
    expect(printed).toMatchObject({ DATABASE_URL: '(set)', GATEHOUSE_MASTER_KEY: '(set)', REDIS_URL: null });
    expect(JSON.stringify(printed)).not.toContain('hunter2');
  });
});

describe('combinations of settings', () => {
  it.each<[string, Environment, string]>([
    ['Redis without a database', { REDIS_URL: 'redis://r' }, 'REDIS_URL'],
    ['workers without a database', { GATEHOUSE_WORKERS: '2' }, 'GATEHOUSE_WORKERS'],
    ['a certificate without a key', { GATEHOUSE_TLS_CERT_FILE: 'c' }, 'GATEHOUSE_TLS_CERT_FILE'],
    ['a key without a certificate', { GATEHOUSE_ADMIN_TLS_KEY_FILE: 'k' }, 'GATEHOUSE_ADMIN_TLS_CERT_FILE'],
    ['authorities without TLS', { GATEHOUSE_TLS_CLIENT_CA_FILE: 'c' }, 'GATEHOUSE_TLS_CLIENT_CA_FILE'],
    ['a header without proxies', { GATEHOUSE_CLIENT_CERT_HEADER: 'X' }, 'GATEHOUSE_CLIENT_CERT_HEADER'],
    ['one port for both planes', { GATEHOUSE_PORT: '4001' }, 'GATEHOUSE_ADMIN_PORT'],
    ['a wildcard over it', { GATEHOUSE_PORT: '4001', GATEHOUSE_HOST: '0.0.0.0' }, 'GATEHOUSE_ADMIN_PORT'],
  ])('refuses %s', (_, env, setting) => {
    expect(faultsOf(env).map((f) => [f.setting, f.source])).toEqual([[setting, 'combination']]);
  });

  it('allows one port on two addresses, and port 0 twice', () => {
    expect(faultsOf({ GATEHOUSE_PORT: '4001', GATEHOUSE_HOST: '127.0.0.2' })).toEqual([]);
    expect(faultsOf({ GATEHOUSE_PORT: '0', GATEHOUSE_ADMIN_PORT: '0' })).toEqual([]);
  });

  it.each<[string, Environment, RegExp]>([
    ['https that nobody ends', { GATEHOUSE_ISSUER: 'https://id.example.com' }, /neither/],
    ['plain http in the open', { GATEHOUSE_ISSUER: 'http://id.example.com' }, /unencrypted/],
    ['an open admin plane', { GATEHOUSE_ADMIN_HOST: '0.0.0.0' }, /GATEHOUSE_ADMIN_HOST/],
    [
      'a certificate header without authorities',
      { GATEHOUSE_CLIENT_CERT_HEADER: 'X-Cert', GATEHOUSE_TRUSTED_PROXIES: '192.0.2.1/32' },
      /self_signed_tls_client_auth/,
    ],
    ['trust in everyone', { GATEHOUSE_TRUSTED_PROXIES: '0.0.0.0/0' }, /anyone/],
  ])('warns of %s', (_, env, warning) => {
    expect(load(env).warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('does not warn of http on loopback', () => {
    for (const issuer of ['http://127.0.0.1:4000', 'http://[::1]:4000', 'http://id.localhost:4000'])
      expect(load({ GATEHOUSE_ISSUER: issuer }).warnings).toEqual([]);
  });
});

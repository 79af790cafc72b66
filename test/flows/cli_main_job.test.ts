import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { startGatehouse, type Node } from '../support/gatehouse.js';
import { gatehouse, gatehouseProcess, type Outcome } from './cli_command.js';

const API = 'urn:shop:inventory';
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
let server: Node;
let env: Record<string, string>;
let orders: { clientId: string; clientSecret: string };
let inventory: { clientId: string; clientSecret: string };

const cli = (...args: readonly string[]): Promise<Outcome> => gatehouse(args, { env });
/** In a process of its own. */
const typed = (...args: readonly string[]): Promise<Outcome> => gatehouseProcess(args, { env });
const credentials = (client: typeof orders): string[] => [
  '--client-id',
  client.clientId,
  '--client-secret',
  client.clientSecret,
];

async function created(...args: readonly string[]): Promise<typeof orders & Record<string, unknown>> {
  const outcome = await typed('clients', 'create', ...args, '--json');
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  const { clientId, clientSecret, ...rest } = outcome.json();
  return { clientId: String(clientId), clientSecret: String(clientSecret), ...rest };
}

beforeAll(async () => {
  server = await startGatehouse();
  env = { GATEHOUSE_ADMIN_FILE: server.adminFile };
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

// Each test goes on where the one before ended, as a newcomer would.
describe('the forms of the quick start, as typed', () => {
  it('apis create', async () => {
    const scopes = ['--scope', 'inventory:read', '--scope', 'inventory:write=Change stock'];
    const made = await typed('apis', 'create', API, ...scopes, '--json');
    expect(made.code).toBe(0);
    expect(made.json()).toMatchObject({
      audience: API,
      scopes: [
        { name: 'inventory:read', description: '' },
        { name: 'inventory:write', description: 'Change stock' },
      ],
      tokenFormat: 'jwt',
    });
  });

  it('clients create with a grant, and with --serves', async () => {
    orders = await created('orders', '--api', API, '--scope', 'inventory:read');
    inventory = await created('inventory', '--serves', API);
    expect(inventory).toMatchObject({ serves: [API] });
    const shown = await cli('clients', 'show', orders.clientId);
    expect(shown.stdout).toContain('inventory:read');
    expect(shown.stdout).not.toContain(orders.clientSecret);
  });

  it('clients grant and ungrant', async () => {
    const scope = ['--api', API, '--scope', 'inventory:write'];
    expect((await typed('clients', 'grant', orders.clientId, ...scope)).code).toBe(0);
    const both = await cli('clients', 'show', orders.clientId, '--json');
    expect(both.json()).toMatchObject({ grants: [{ scopes: ['inventory:read', 'inventory:write'] }] });
    const left = await typed('clients', 'ungrant', orders.clientId, ...scope, '--json');
    expect(left.json()).toMatchObject({ scopes: ['inventory:read'] });
  });

  it('token, introspect, revoke', async () => {
    const request = [...credentials(orders), '--api', API, '--scope', 'inventory:read'];
    const answer = (await typed('token', ...request, '--json')).json();
    expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'inventory:read' });
    const token = String(answer['access_token']);
    expect(decodeJwt(token)).toMatchObject({ aud: API, client_id: orders.clientId });

    const active = await typed('introspect', token, ...credentials(inventory), '--json');
    expect(active.json()).toMatchObject({ active: true, scope: 'inventory:read' });
    const revoked = await typed('revoke', token, ...credentials(orders));
    expect(revoked).toMatchObject({ code: 0, stdout: 'revoked\n' });
    const inactive = await typed('introspect', token, ...credentials(inventory), '--json');
    expect(inactive.json()).toEqual({ active: false });
  });

  it('clients rotate-secret: both secrets work during the overlap', async () => {
    const rotated = await cli('clients', 'rotate-secret', orders.clientId, '--overlap', '7d', '--json');
    expect(rotated.code).toBe(0);
    const { clientSecret, previous } = rotated.json() as {
      clientSecret: string;
      previous: { expiresAt: string }[];
    };
    const lasts = Date.parse(previous[0]?.expiresAt ?? '') - Date.now();
    expect(Math.abs(lasts - 7 * 86_400_000)).toBeLessThan(60_000);
    for (const secret of [orders.clientSecret, clientSecret])
      expect(
        (await typed('token', ...credentials({ ...orders, clientSecret: secret }), '--api', API)).code,
      ).toBe(0);
    const listed = (await cli('clients', 'secrets', 'list', orders.clientId, '--json')).json();
    const items = listed['items'] as { id: string; expiresAt: string | null }[];
    expect(items).toHaveLength(2);
    const old = items.find((item) => item.expiresAt !== null)?.id ?? '';
    expect((await typed('clients', 'secrets', 'delete', orders.clientId, old)).code).toBe(0);
    expect((await typed('token', ...credentials(orders), '--api', API)).code).toBe(1);
    orders = { ...orders, clientSecret };
  });
});

describe('gatehouse token', () => {
  it('prints the token alone without --json', async () => {
    const { stdout } = await cli('token', ...credentials(orders), '--api', API);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  it('takes the secret from the environment, a file or stdin', async () => {
    const { clientId, clientSecret } = orders;
    const secretFile = join(directory, 'secret.txt');
    writeFileSync(secretFile, `${clientSecret}\n`);
    const attempts = [
      gatehouse(['token', '--api', API], {
        env: { ...env, GATEHOUSE_CLIENT_ID: clientId, GATEHOUSE_CLIENT_SECRET: clientSecret },
      }),
      cli('token', '--api', API, '--client-id', clientId, '--client-secret-file', secretFile),
      gatehouse(['token', '--api', API, '--client-id', clientId, '--client-secret', '-'], {
        env,
        stdin: `${clientSecret}\n`,
      }),
      gatehouse(['token', '--api', API, '--issuer', server.issuer, ...credentials(orders)]),
      gatehouse(['token', '--api', API, ...credentials(orders)], {
        // An admin.json of the folder that the tests run in would speak first.
        env: { GATEHOUSE_ISSUER: server.issuer, GATEHOUSE_DATA_DIR: join(directory, 'none') },
      }),
    ];
    for (const { code, stderr } of await Promise.all(attempts)) expect([code, stderr]).toEqual([0, '']);
  });

  it('says why it is refused', async () => {
    const wrong = await cli(
      'token',
      ...credentials({ ...orders, clientSecret: 'wrong' }),
      '--api',
      API,
      '--json',
    );
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.error()).toMatchObject({ code: 'invalid_client', status: 401 });
    const scope = await cli('token', ...credentials(orders), '--api', API, '--scope', 'inventory:write');
    expect(scope).toMatchObject({ code: 1, stdout: '' });
    expect(scope.stderr).toContain('invalid_scope');
    const api = await cli('token', ...credentials(orders), '--api', 'urn:shop:other', '--json');
    expect(api.error()).toMatchObject({ code: 'invalid_target' });
  });

  it('authenticates by a private key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [publicFile, privateFile] = [join(directory, 'public.json'), join(directory, 'key.pem')];
    writeFileSync(publicFile, JSON.stringify(publicKey.export({ format: 'jwk' })));
    writeFileSync(privateFile, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const args = ['billing', '--jwks-file', publicFile, '--api', API, '--scope', 'inventory:read', '--json'];
    const client = (await cli('clients', 'create', ...args)).json();
    expect(client).toMatchObject({ authMethods: ['private_key_jwt'] });
    expect(client).not.toHaveProperty('clientSecret');
    const key = ['--client-id', String(client['clientId']), '--private-key-file', privateFile];
    expect(await cli('token', ...key, '--api', API)).toMatchObject({ code: 0, stderr: '' });
  });

  it('binds the token to a DPoP key that it keeps (RFC 9449)', async () => {
    const key = join(directory, 'dpop.jwk');
    const thumbprints = [];
    for (let time = 0; time < 2; time += 1) {
      const answer = (
        await cli('token', ...credentials(orders), '--api', API, '--dpop', key, '--json')
      ).json();
      expect(answer).toMatchObject({ token_type: 'DPoP' });
      thumbprints.push((decodeJwt(String(answer['access_token'])) as { cnf?: { jkt?: string } }).cnf?.jkt);
    }
    expect(thumbprints[0]).toBeDefined();
    expect(thumbprints[1]).toBe(thumbprints[0]);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(key, 'utf8'))).toMatchObject({ kty: 'EC', d: expect.any(String) });
    const once = (await cli('token', ...credentials(orders), '--api', API, '--dpop', '--json')).json();
    expect(once).toMatchObject({ dpop_private_jwk: { kty: 'EC' } });
  });

  it('takes a token from stdin, with the client of admin.json', async () => {
    const { stdout } = await cli('token', ...credentials(orders), '--api', API);
    const seen = await gatehouse(['introspect', '-'], { env, stdin: stdout });
    expect(seen.stdout).toMatch(/^active +yes\n/);
    expect((await gatehouse(['revoke', '-'], { env, stdin: stdout })).code).toBe(0);
    expect((await gatehouse(['introspect', '-'], { env, stdin: stdout })).stdout).toMatch(/^active +no\n/);
  });
});

describe('apis', () => {
  it('takes every option of create, and update changes what is named', async () => {
    const uri = 'https://api.example.com/vault?x=1';
    const options = ['--format', 'opaque', '--alg', 'RS256', '--ttl', '5m', '--binding', 'dpop'];
    const made = await cli(
      'apis',
      'create',
      uri,
      '--scope',
      'vault:open',
      '--description',
      'Gold',
      ...options,
      '--json',
    );
    expect(made.json()).toMatchObject({
      audience: uri,
      description: 'Gold',
      tokenFormat: 'opaque',
      signingAlg: 'RS256',
      tokenTtl: 300,
      tokenBinding: 'dpop',
    });
    const changes = ['--ttl', '60', '--add-scope', 'vault:close=Shut', '--remove-scope', 'vault:open'];
    const changed = await cli('apis', 'update', uri, ...changes, '--json');
    expect(changed.json()).toMatchObject({
      description: 'Gold',
      tokenTtl: 60,
      scopes: [{ name: 'vault:close', description: 'Shut' }],
    });
    expect((await cli('apis', 'list', '--query', 'vault')).stdout).toContain('vault:close');
    expect((await cli('apis', 'show', uri)).stdout).toContain('Shut');
    expect(await cli('apis', 'delete', uri)).toMatchObject({ code: 0, stdout: `deleted ${uri}\n` });
    expect((await cli('apis', 'show', uri, '--json')).error()).toMatchObject({
      code: 'not_found',
      status: 404,
    });
  });

  it('names each wrong field', async () => {
    const twice = ['--scope', 'same', '--scope', 'same'];
    const outcome = await cli('apis', 'create', 'no uri', ...twice);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('/audience: ');
    expect(outcome.stderr).toContain('/scopes');
    expect((await cli('apis', 'create', 'urn:a', '--ttl', '0')).stderr).toContain('/tokenTtl: ');
    expect((await cli('apis', 'create', API, '--json')).error()).toMatchObject({ code: 'conflict' });
  });
});

describe('clients', () => {
  it('takes every option of create', async () => {
    const web = await created(
      ...[
        'shop',
        '--type',
        'web',
        '--client-id',
        'shop-web',
        '--description',
        'The shop',
        '--owner',
        'shop@example.com',
      ],
      ...[
        '--redirect-uri',
        'https://shop.example.com/callback',
        '--redirect-uri',
        'https://shop.example.com/other',
      ],
      ...['--post-logout-redirect-uri', 'https://shop.example.com/'],
      ...['--backchannel-logout-uri', 'https://shop.example.com/logout'],
      ...[
        '--auth-method',
        'client_secret_basic',
        '--grant-type',
        'authorization_code',
        '--grant-type',
        'refresh_token',
      ],
      ...[
        '--id-token-alg',
        'ES256',
        '--pkce',
        'required',
        '--token-ttl',
        '5m',
        '--allowed-network',
        '10.0.0.0/8',
      ],
      ...[
        '--api',
        API,
        '--scope',
        'inventory:read',
        '--serves',
        API,
        '--secret-name',
        'first',
        '--secret-expires',
        '90d',
      ],
    );
    expect(web).toMatchObject({
      clientId: 'shop-web',
      type: 'web',
      ownerContact: 'shop@example.com',
      redirectUris: ['https://shop.example.com/callback', 'https://shop.example.com/other'],
      backchannelLogoutUri: 'https://shop.example.com/logout',
      authMethods: ['client_secret_basic'],
      tokenTtl: 300,
      allowedNetworks: ['10.0.0.0/8'],
      serves: [API],
    });
    const [secret] = web['secrets'] as { name: string; expiresAt: string }[];
    expect(secret?.name).toBe('first');
    expect(Math.round((Date.parse(secret?.expiresAt ?? '') - Date.now()) / 86_400_000)).toBe(90);
  });

  it('updates what is named, and takes options back', async () => {
    const options = ['--description', 'New', '--unset', 'allowed-network', '--unset', 'token-ttl', '--json'];
    expect((await cli('clients', 'update', 'shop-web', ...options)).json()).toMatchObject({
      description: 'New',
      ownerContact: 'shop@example.com',
      allowedNetworks: [],
      tokenTtl: null,
    });
  });

  it('lists by what it is asked for', async () => {
    const names = async (...filter: readonly string[]): Promise<unknown[]> => {
      const { items } = (await cli('clients', 'list', ...filter, '--json')).json() as {
        items: { name: string }[];
      };
      return items.map(({ name }) => name).sort();
    };
    expect(await names('--serves', API)).toEqual(['inventory', 'shop']);
    expect(await names('--name', 'orders')).toEqual(['orders']);
    expect(await names('--type', 'web')).toEqual(['shop']);
    expect(await names('--disabled')).toEqual([]);
    expect((await cli('clients', 'list', '--limit', '1')).stderr).toContain('there are more');
  });

  it('disables, enables, deletes', async () => {
    const token = ['token', ...credentials(orders), '--api', API];
    expect((await cli('clients', 'disable', orders.clientId)).stdout).toBe(`disabled ${orders.clientId}\n`);
    expect((await cli(...token)).code).toBe(1);
    expect((await cli('clients', 'enable', orders.clientId)).code).toBe(0);
    expect((await cli(...token)).code).toBe(0);
    expect((await cli('clients', 'delete', 'shop-web', '--json')).json()).toEqual({
      clientId: 'shop-web',
      deleted: true,
    });
    expect((await cli('clients', 'delete', 'shop-web')).code).toBe(1);
  });

  it('takes over a secret that was chosen elsewhere', async () => {
    const args = [
      'clients',
      'create',
      'legacy',
      '--import-secret',
      '-',
      '--api',
      API,
      '--scope',
      'inventory:read',
      '--json',
    ];
    const client = (await gatehouse(args, { env, stdin: 'correct horse battery staple\n' })).json();
    expect(client).not.toHaveProperty('clientSecret');
    const chosen = { clientId: String(client['clientId']), clientSecret: 'correct horse battery staple' };
    expect(await cli('token', ...credentials(chosen), '--api', API)).toMatchObject({ code: 0, stderr: '' });
  });

  it('shows nothing raw that others wrote', async () => {
    await created('evil', '--description', 'x\u001b[2Jy\u202e', '--owner', '\u009b31m').catch(
      () => undefined,
    );
    for (const args of [
      ['clients', 'list'],
      ['clients', 'list', '--json'],
      ['audit', 'tail'],
    ]) {
      const { code, stdout } = await cli(...args);
      expect(code).toBe(0);
      // eslint-disable-next-line no-control-regex -- the characters that must never get through
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });
});

describe('administering with less than everything', () => {
  it('gives a job its own admin.json, and names the scope that it lacks', async () => {
    const job = await created('ci', '--api', 'urn:gatehouse:admin', '--scope', 'apis:read config:read');
    const file = join(directory, 'ci.json');
    const { issuer, adminUrl } = JSON.parse(readFileSync(server.adminFile, 'utf8')) as Record<string, string>;
    writeFileSync(
      file,
      JSON.stringify({ issuer, adminUrl, clientId: job.clientId, clientSecret: job.clientSecret }),
    );
    const asJob = (...args: readonly string[]): Promise<Outcome> =>
      gatehouse(args, { env: { GATEHOUSE_ADMIN_FILE: file } });
    expect((await asJob('apis', 'list')).code).toBe(0);
    expect((await asJob('export')).code).toBe(0);
    const refused = await asJob('clients', 'list');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('clients:read');
    expect(refused.stderr).not.toContain(job.clientSecret);
  });
});

describe('keys and revocations', () => {
  it('revokes all tokens of a client', async () => {
    const { stdout } = await cli('token', ...credentials(orders), '--api', API);
    const made = await cli(
      'revocations',
      'create',
      '--kind',
      'client',
      '--subject',
      orders.clientId,
      '--reason',
      'lost',
      '--json',
    );
    expect(made.json()).toMatchObject({ kind: 'client', subject: orders.clientId, reason: 'lost' });
    const seen = await cli('introspect', stdout.trim(), ...credentials(inventory), '--json');
    expect(seen.json()).toEqual({ active: false });
    expect((await cli('revocations', 'list', '--kind', 'client')).stdout).toContain('lost');
  });

  it('revokes a token by itself', async () => {
    const { stdout } = await cli('token', ...credentials(orders), '--api', API);
    const made = await gatehouse(['revocations', 'create', '--kind', 'token', '--token', '-', '--json'], {
      env,
      stdin: stdout,
    });
    expect(made.json()).toMatchObject({ kind: 'token', subject: decodeJwt(stdout.trim()).jti });
  });

  it('revokes a signing key, and another one signs', async () => {
    const { stdout } = await cli('token', ...credentials(orders), '--api', API);
    const { kid = '' } = decodeProtectedHeader(stdout.trim());
    const phase = async (): Promise<unknown> => {
      const { items } = (await cli('keys', 'list', '--json')).json() as {
        items: { kid: string; phase: string }[];
      };
      return items.find((key) => key.kid === kid)?.phase;
    };
    expect(await phase()).toBe('active');
    expect((await cli('keys', 'revoke', kid, '--reason', 'test')).stdout).toBe(`revoked ${kid}\n`);
    expect(await phase()).toBe('revoked');
    const next = await cli('token', ...credentials(orders), '--api', API);
    expect(decodeProtectedHeader(next.stdout.trim()).kid).not.toBe(kid);
  });
});

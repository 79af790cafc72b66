import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli, type Outcome } from './in_process.js';

/** A server that answers as a test wants: what no real one does on demand. */
let server: Server;
let origin: string;
let adminFile: string;
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
let behave: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

function wellKnown(url: string, response: ServerResponse): boolean {
  const metadata = { issuer: origin, token_endpoint: `${origin}/token`, jwks_uri: `${origin}/jwks` };
  if (url.startsWith('/.well-known/')) json(response, 200, metadata);
  else if (url === '/token')
    json(response, 200, { access_token: 't', token_type: 'Bearer', expires_in: 600 });
  else return false;
  return true;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body });
      if (!wellKnown(url, response)) behave(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  adminFile = join(directory, 'admin.json');
  writeFileSync(
    adminFile,
    JSON.stringify({ issuer: origin, adminUrl: origin, clientId: 'gatehouse-admin', clientSecret: 'hidden' }),
  );
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

const cli = (...args: readonly string[]): Promise<Outcome> => {
  seen.length = 0;
  return runCli(args, { env: { GATEHOUSE_ADMIN_FILE: adminFile }, fetch });
};
const requests = (path: string): typeof seen => seen.filter(({ url }) => url.startsWith(path));

const API = {
  audience: 'urn:a',
  description: '',
  scopes: [],
  tokenFormat: 'jwt',
  tokenTtl: 600,
  signingAlg: 'ES256',
  tokenBinding: 'none',
  system: false,
  version: 1,
};

describe('a create whose connection is lost', () => {
  it('is repeated once, under the same Idempotency-Key', async () => {
    let attempts = 0;
    behave = (request, response) => {
      attempts += 1;
      if (attempts === 1) request.socket.destroy();
      else json(response, 201, API);
    };
    expect(await cli('apis', 'create', 'urn:a')).toMatchObject({ code: 0, stderr: '' });
    const keys = requests('/admin/v1/apis').map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  it('is not repeated a second time', async () => {
    behave = (request) => void request.socket.destroy();
    const { code, stderr } = await cli('apis', 'create', 'urn:a');
    expect(code).toBe(1);
    expect(stderr).toContain(`the connection to ${origin} failed`);
    expect(requests('/admin/v1/apis')).toHaveLength(2);
  });

  it('is the only thing that is repeated', async () => {
    behave = (request) => void request.socket.destroy();
    expect((await cli('apis', 'delete', 'urn:a')).code).toBe(1);
    expect(requests('/admin/v1/apis')).toHaveLength(1);
  });
});

describe('the token of a verb', () => {
  it('carries the scopes that the verb needs and no others', async () => {
    behave = (_request, response) => json(response, 200, { items: [], nextCursor: null });
    await cli('clients', 'list');
    const form = new URLSearchParams(requests('/token')[0]?.body);
    expect([form.get('scope'), form.get('resource')]).toEqual(['clients:read', 'urn:gatehouse:admin']);
  });

  it('is widened once when the server wants more power for a change of power', async () => {
    let attempts = 0;
    behave = (_request, response) => {
      attempts += 1;
      if (attempts === 1) json(response, 403, { type: 'urn:gatehouse:problem:forbidden', detail: 'no' });
      else json(response, 201, { clientId: 'c', audience: 'urn:gatehouse:admin', scopes: ['apis:read'] });
    };
    const args = ['clients', 'grant', 'c', '--api', 'urn:gatehouse:admin', '--scope', 'apis:read'];
    expect((await cli(...args)).code).toBe(0);
    const scopes = requests('/token').map(({ body }) => new URLSearchParams(body).get('scope'));
    expect(scopes).toEqual(['clients:write', null]);
    attempts = -1;
    behave = (_request, response) => {
      attempts += 1;
      json(response, 403, { type: 'urn:gatehouse:problem:insufficient_scope', detail: 'needs keys:write' });
    };
    const refused = await cli(...args);
    expect([refused.code, attempts]).toEqual([1, 1]);
    expect(refused.stderr).toContain('must hold that itself');
  });
});

describe('keys revoke', () => {
  it.each([
    [['-x-BHtIZezwSwbpDDSKr4VEpCNRIAZ3eZUEk-pbMK9Y', '--reason', 'leaked']],
    [['--reason', 'leaked', '--', '-x-BHtIZezwSwbpDDSKr4VEpCNRIAZ3eZUEk-pbMK9Y']],
  ])('takes a key id that begins with a hyphen: %j', async (words) => {
    const times = { revokedAt: 'now', expiresAt: 'later' };
    behave = (_request, response) =>
      json(response, 201, { id: 'key:x', kind: 'key', subject: 'x', reason: '', createdBy: 'a', ...times });
    expect(await cli('keys', 'revoke', ...words)).toMatchObject({ code: 0, stderr: '' });
    const sent: unknown = JSON.parse(requests('/admin/v1/revocations')[0]?.body ?? '');
    expect(sent).toEqual({
      kind: 'key',
      subject: '-x-BHtIZezwSwbpDDSKr4VEpCNRIAZ3eZUEk-pbMK9Y',
      reason: 'leaked',
    });
  });
});

describe('--force', () => {
  it('is sent when it is given, and only then', async () => {
    behave = (_request, response) => void response.writeHead(204).end();
    expect((await cli('apis', 'delete', 'urn:a', '--force')).code).toBe(0);
    expect(requests('/admin/v1/')[0]?.url).toBe('/admin/v1/apis/urn%3Aa?force=true');
    await cli('apis', 'delete', 'urn:a');
    expect(requests('/admin/v1/')[0]?.url).toBe('/admin/v1/apis/urn%3Aa');
  });
});

describe('answers', () => {
  it('of a list are fetched page by page up to the limit', async () => {
    behave = (request, response) => {
      const from = Number(new URL(request.url ?? '', origin).searchParams.get('cursor') ?? 0);
      const items = Array.from({ length: 200 }, (_, index) => ({ ...API, audience: `urn:${from + index}` }));
      json(response, 200, { items, nextCursor: String(from + 200) });
    };
    const { stdout } = await cli('apis', 'list', '--limit', '400', '--json');
    const page = JSON.parse(stdout) as { items: unknown[]; nextCursor: string };
    expect([page.items.length, page.nextCursor]).toEqual([400, '400']);
    expect((await cli('apis', 'list', '--limit', '400')).stderr).toContain('--cursor 400');
  });

  it('with problems name each field and the request', async () => {
    behave = (_request, response) =>
      json(response, 422, {
        type: 'urn:gatehouse:problem:validation_failed',
        status: 422,
        detail: 'some fields are not valid',
        requestId: 'r-1',
        errors: [{ pointer: '/audience', message: 'must be\u001b[2J a URI' }],
      });
    const text = await cli('apis', 'create', 'x');
    expect(text.stderr).toContain('/audience: must be\\u001b[2J a URI');
    expect(text.stderr).toContain('request id: r-1');
    const { error } = JSON.parse((await cli('apis', 'create', 'x', '--json')).stderr) as {
      error: Record<string, unknown>;
    };
    expect(error).toMatchObject({ code: 'validation_failed', status: 422, requestId: 'r-1' });
    expect(error['errors']).toHaveLength(1);
  });

  it('that are none are told apart from refusals', async () => {
    behave = (_request, response) => json(response, 200, { surprise: true });
    expect((await cli('apis', 'show', 'urn:a')).stderr).toContain('does not understand');
    behave = (_request, response) => void response.writeHead(302, { location: 'http://evil.example/' }).end();
    expect(await cli('apis', 'show', 'urn:a')).toMatchObject({ code: 1 });
    expect(seen.filter(({ headers }) => headers.host?.includes('evil') === true)).toEqual([]);
  });

  it('never bring the secret of admin.json to light', async () => {
    behave = (_request, response) => json(response, 401, { detail: 'no' });
    const { stdout, stderr } = await cli('apis', 'list');
    expect(stdout + stderr).not.toContain('hidden');
    expect(stderr).toContain('both must be the same installation');
  });
});

describe('credentials', () => {
  it('of the administrator go to no other issuer', async () => {
    const env = { GATEHOUSE_ADMIN_FILE: adminFile };
    const { code, stderr } = await runCli(['introspect', 'x', '--issuer', 'http://127.0.0.1:9'], {
      env,
      fetch,
    });
    expect(code).toBe(2);
    expect(stderr).toContain('no client is named');
  });

  it('come from the environment and from stdin', async () => {
    const env = { GATEHOUSE_CLIENT_ID: 'me', GATEHOUSE_CLIENT_SECRET: 'a b:c' };
    const sent = async (...args: readonly string[]): Promise<string> => {
      seen.length = 0;
      const world = { env, fetch, stdin: 'from-stdin\n' };
      expect(await runCli(['token', '--issuer', origin, ...args], world)).toMatchObject({
        code: 0,
        stdout: 't\n',
      });
      const header = requests('/token')[0]?.headers.authorization ?? '';
      return Buffer.from(header.replace('Basic ', ''), 'base64').toString();
    };
    expect(await sent()).toBe('me:a+b%3Ac');
    expect(await sent('--client-secret', '-')).toBe('me:from-stdin');
    expect(await sent('--client-id', 'other', '--client-secret', 'x')).toBe('other:x');
  });

  it('are not asked of a server that calls itself something else', async () => {
    const args = ['token', '--issuer', origin.replace('127.0.0.1', 'localhost')];
    const env = { GATEHOUSE_CLIENT_ID: 'me', GATEHOUSE_CLIENT_SECRET: 's' };
    seen.length = 0;
    const { code, stderr } = await runCli(args, { env, fetch });
    expect(code).toBe(1);
    expect(stderr).toContain(`calls itself ${origin}`);
    expect(requests('/token')).toEqual([]);
  });
});

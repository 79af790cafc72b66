import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { startNodes, type Credentials, type Node } from '../support/gatehouse.js';

const API = 'urn:shop:inventory';
const embedded = (process.env['GATEHOUSE_TEST_STORE'] ?? 'embedded') === 'embedded';
let nodes: Node[];
let dispose: () => Promise<void>;

// The embedded database belongs to one process: there a single node plays both parts.
const first = (): Node => nodes[0] as Node;
const second = (): Node => nodes.at(-1) as Node;

beforeAll(async () => {
  ({ nodes, dispose } = await startNodes(embedded ? 1 : 2));
  await first().admin('POST', '/apis', { audience: API, scopes: [{ name: 'a', description: '' }] });
});
afterAll(() => dispose());

/** Milliseconds until `check` holds; fails the test when it takes more than a second. */
async function within(check: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await check())) {
    if (performance.now() - start > 1000) throw new Error('not seen by the other node within a second');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - start;
}

const newClient = async (): Promise<Credentials> =>
  (
    await first().admin('POST', '/clients', {
      name: 'c',
      grants: [{ audience: API, scopes: ['a'] }],
      serves: [API],
    })
  ).body as unknown as Credentials;
const status = async (client: Credentials): Promise<number> =>
  (await second().post('/token', { grant_type: 'client_credentials' }, client)).status;

describe('a change on one node is obeyed by the other within a second', () => {
  it('a client that is disabled', async () => {
    const client = await newClient();
    expect(await status(client)).toBe(200);
    await first().admin('PATCH', `/clients/${client.clientId}`, { enabled: false });
    await within(async () => (await status(client)) === 401);
  });

  it('a grant that is removed', async () => {
    const client = await newClient();
    expect(await status(client)).toBe(200);
    await first().admin('DELETE', `/clients/${client.clientId}/grants/${encodeURIComponent(API)}`);
    await within(async () => (await status(client)) === 400);
  });

  it('an API that is deleted and made again, without the grants that it had', async () => {
    const audience = 'urn:shop:reborn';
    const api = { audience, scopes: [{ name: 'a', description: '' }] };
    await first().admin('POST', '/apis', api);
    const grants = [{ audience, scopes: ['a'] }];
    const client = (await first().admin('POST', '/clients', { name: 'c', grants }))
      .body as unknown as Credentials;
    expect(await status(client)).toBe(200);
    await first().admin('DELETE', `/apis/${encodeURIComponent(audience)}?force=true`);
    await first().admin('POST', '/apis', api);
    await within(async () => (await status(client)) === 400);
  });

  it('a token that is revoked', async () => {
    const client = await newClient();
    const token = String(
      (await second().post('/token', { grant_type: 'client_credentials' }, client)).body['access_token'],
    );
    const active = async (): Promise<unknown> =>
      (await second().post('/introspect', { token }, client)).body['active'];
    expect(await active()).toBe(true);
    await first().post('/revoke', { token }, client);
    await within(async () => (await active()) === false);
  });

  it.each(['client', 'key'] as const)('all tokens of a %s that is revoked', async (kind) => {
    const [client, server] = [await newClient(), await newClient()];
    const fetchToken = async (node: Node): Promise<string> =>
      String((await node.post('/token', { grant_type: 'client_credentials' }, client)).body['access_token']);
    const activeOn = async (node: Node, token: string): Promise<unknown> =>
      (await node.post('/introspect', { token }, server)).body['active'];
    const token = await fetchToken(second());
    expect(await activeOn(second(), token)).toBe(true);
    const kid = String(decodeProtectedHeader(token).kid);
    const subject = kind === 'client' ? client.clientId : kid;
    expect((await first().admin('POST', '/revocations', { kind, subject })).status).toBe(201);
    await within(async () => (await activeOn(second(), token)) === false);
    if (kind === 'client') return;
    const jwks = (await (await fetch(`${second().url}/jwks`)).json()) as { keys: { kid: string }[] };
    expect(jwks.keys.map((key) => key.kid)).not.toContain(kid);
    const fresh = await fetchToken(second());
    expect(decodeProtectedHeader(fresh).kid).not.toBe(kid);
    expect(await activeOn(first(), fresh)).toBe(true);
  });
});

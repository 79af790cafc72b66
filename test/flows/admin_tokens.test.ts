import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGatehouse, type Node } from '../support/gatehouse.js';

let node: Node;
beforeAll(async () => {
  node = await startGatehouse();
  await node.createApi('urn:shop', ['read']);
});
afterAll(() => node.stop());

const statusWith = async (authorization: string): Promise<number> =>
  (await fetch(`${node.adminUrl}/admin/v1/apis`, { headers: { authorization } })).status;

async function tokenOf(fields: object, resource: string): Promise<{ token: string; clientId: string }> {
  const client = await node.createClient({ name: 'caller', ...fields });
  const { body } = await node.token({ ...client, resource });
  return { token: String(body['access_token']), clientId: client.clientId };
}
const readsApis = { grants: [{ audience: 'urn:gatehouse:admin', scopes: ['apis:read'] }] };

async function until(status: number, authorization: string, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while ((await statusWith(authorization)) !== status) {
    if (Date.now() > end) throw new Error(`no ${status} within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a token on the admin plane', () => {
  it('opens it when Gatehouse issued it for the admin API', async () => {
    const { token } = await tokenOf(readsApis, 'urn:gatehouse:admin');
    expect(await statusWith(`Bearer ${token}`)).toBe(200);
    expect(await statusWith(`bearer ${token}`)).toBe(200);
  });

  it('for another audience is no good, though its scopes have the right names', async () => {
    await node.createApi('urn:evil', ['apis:read']);
    const { token } = await tokenOf(
      { grants: [{ audience: 'urn:evil', scopes: ['apis:read'] }] },
      'urn:evil',
    );
    expect(await statusWith(`Bearer ${token}`)).toBe(401);
  });

  it.each([
    '',
    'Bearer',
    'Bearer x',
    'Basic Z2F0ZWhvdXNlLWFkbWluOng=',
    'Bearer a.b.c',
    `Bearer ${'x'.repeat(5000)}`,
  ])('that is none is refused: %.30s', async (authorization) => {
    expect(await statusWith(authorization)).toBe(401);
  });

  it('with a changed signature is refused', async () => {
    const { token } = await tokenOf(readsApis, 'urn:gatehouse:admin');
    const [head = '', payload = '', signature = ''] = token.split('.');
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    expect(await statusWith(`Bearer ${head}.${payload}.${flipped}`)).toBe(401);
    expect(await statusWith(`Bearer ${head}.${payload}.`)).toBe(401);
  });

  it('ends when its client is disabled, loses the grant, or is deleted', async () => {
    const ends: ((clientId: string) => Promise<unknown>)[] = [
      (id) => node.admin('PATCH', `/clients/${id}`, { enabled: false }),
      (id) => node.admin('DELETE', `/clients/${id}/grants/urn%3Agatehouse%3Aadmin`),
      (id) => node.admin('DELETE', `/clients/${id}`),
      (id) => node.admin('POST', '/revocations', { kind: 'client', subject: id }),
    ];
    for (const end of ends) {
      const { token, clientId } = await tokenOf(readsApis, 'urn:gatehouse:admin');
      expect(await statusWith(`Bearer ${token}`)).toBe(200);
      await end(clientId);
      await until(401, `Bearer ${token}`, 1);
    }
  });

  it('ends when a client of the same name takes the place of a deleted one', async () => {
    const fields = { clientId: 'phoenix', ...readsApis };
    const { token } = await tokenOf(fields, 'urn:gatehouse:admin');
    await node.admin('DELETE', '/clients/phoenix');
    const second = await tokenOf(fields, 'urn:gatehouse:admin');
    expect(await statusWith(`Bearer ${second.token}`)).toBe(200);
    expect(await statusWith(`Bearer ${token}`)).toBe(401);
  });

  it('ends with its lifetime', async () => {
    const { token } = await tokenOf({ tokenTtl: 10, ...readsApis }, 'urn:gatehouse:admin');
    expect(await statusWith(`Bearer ${token}`)).toBe(200);
    await until(401, `Bearer ${token}`, 15);
  });

  it('is in no line of the log', async () => {
    const { token } = await tokenOf(readsApis, 'urn:gatehouse:admin');
    await statusWith(`Bearer ${token}`);
    expect(node.logs()).not.toContain(token.split('.')[2]);
  });
});

describe('the door of the admin plane', () => {
  it('answers its own failures as problems too', async () => {
    const headers = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`x-${index}`, '1']));
    const response = await fetch(`${node.adminUrl}/admin/v1/apis`, { headers });
    expect(response.status).toBe(431);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAdminPlane, type AdminPlane, type Answer } from './admin_plane.js';

let plane: AdminPlane;
beforeAll(async () => {
  plane = await startAdminPlane();
}, 60_000);
afterAll(() => plane.close());

const create = (key: string, body: object, as = 'admin'): Promise<Answer> =>
  plane.send('POST', '/clients', { as, body, headers: { 'idempotency-key': key } });

describe('Idempotency-Key (draft-ietf-httpapi-idempotency-key-header)', () => {
  it('makes one client of twenty parallel creates, and each caller gets its secret', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create('k1', { name: 'parallel' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.body['clientSecret']).toMatch(/^ghs_/);
    const { body } = await plane.send('GET', '/clients?name=parallel');
    expect(body['items']).toHaveLength(1);
    const events = await plane.send(
      'GET',
      `/audit?type=client.created&clientId=${String(answers[0]?.body['clientId'])}`,
    );
    expect(events.body['items']).toHaveLength(1);
  });

  it('refuses the same key for another request', async () => {
    const answer = await create('k1', { name: 'another' });
    expect(answer.status).toBe(422);
    expect(answer.body['type']).toBe('urn:gatehouse:problem:idempotency_mismatch');
    const elsewhere = await plane.send('POST', '/apis', {
      body: { audience: 'urn:x' },
      headers: { 'idempotency-key': 'k1' },
    });
    expect(elsewhere.status).toBe(422);
  });

  it('takes the key quoted, as the draft writes it, and bare', async () => {
    const quoted = await create('"k2"', { name: 'quoted' });
    expect((await create('k2', { name: 'quoted' })).text).toBe(quoted.text);
    expect((await create('x'.repeat(256), { name: 'q' })).status).toBe(400);
  });

  it('is each caller’s own', async () => {
    plane.caller('other', 'other', ['clients:write']);
    const answer = await create('k1', { name: 'parallel' }, 'other');
    expect(answer.status).toBe(201);
    expect((await plane.send('GET', '/clients?name=parallel')).body['items']).toHaveLength(2);
  });

  it('remembers nothing of a create that was refused', async () => {
    expect((await create('k3', { name: '' })).status).toBe(400);
    expect((await create('k3', { name: 'right now' })).status).toBe(201);
  });

  it('is kept sealed: the store holds no secret that its reader could use', async () => {
    const { body } = await create('k4', { name: 'sealed' });
    const { stores } = plane.storage.durable;
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256').update('k4').digest();
    const record = await stores.idempotency.get('client:gatehouse-admin', hash, new Date());
    expect(record).toBeDefined();
    expect(record?.sealedResponse.includes(String(body['clientSecret']))).toBe(false);
    expect(record?.sealedResponse.includes('sealed')).toBe(false);
  });

  it('forgets after 24 hours', async () => {
    const first = await create('k5', { name: 'daily' });
    plane.ahead = 25 * 3_600_000;
    const second = await create('k5', { name: 'daily' });
    plane.ahead = 0;
    expect(second.status).toBe(201);
    expect(second.body['clientId']).not.toBe(first.body['clientId']);
  });
});

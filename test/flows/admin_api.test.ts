import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAdminPlane, type AdminPlane, type Answer, type Sending } from './admin_plane.js';

let plane: AdminPlane;
const send = (method: string, path: string, sending?: Sending): Promise<Answer> =>
  plane.send(method, path, sending);
const code = ({ body }: Answer): unknown => String(body['type']).replace('urn:gatehouse:problem:', '');
const pointers = ({ body }: Answer): string[] =>
  ((body['errors'] ?? []) as { pointer: string }[]).map(({ pointer }) => pointer);
const A = 'https://api.example.com/a';
const aPath = `/apis/${encodeURIComponent(A)}`;

beforeAll(async () => {
  plane = await startAdminPlane();
  await send('POST', '/apis', { body: { audience: A, scopes: [{ name: 'read' }, { name: 'write' }] } });
}, 60_000);
afterAll(() => plane.close());

describe('who may in (RFC 6750)', () => {
  it('challenges without naming an error when there are no credentials', async () => {
    const answer = await send('GET', '/apis', { as: '' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="gatehouse-admin"');
  });

  it('names invalid_token for a token that is no good, and records it', async () => {
    const answer = await send('GET', '/apis', { as: 'stolen-but-revoked' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    const { items } = (await send('GET', '/audit?type=admin.refused')).body as {
      items: Record<string, unknown>[];
    };
    expect(items[0]).toMatchObject({
      outcome: 'failure',
      actor: { type: 'anonymous' },
      sourceIp: '127.0.0.1',
    });
  });

  it('names the scope that is missing, and records who tried', async () => {
    plane.caller('reader', 'reader', ['apis:read']);
    const answer = await send('DELETE', aPath, { as: 'reader' });
    expect(answer.status).toBe(403);
    expect(code(answer)).toBe('insufficient_scope');
    expect(answer.body['detail']).toContain('apis:write');
    expect(answer.headers.get('www-authenticate')).toContain(
      'error="insufficient_scope", scope="apis:write"',
    );
    const { items } = (await send('GET', '/audit?type=admin.refused&actorId=reader')).body as {
      items: Record<string, unknown>[];
    };
    expect(items).toHaveLength(1);
  });

  it('never logs a token', () => {
    expect(plane.logged.length).toBeGreaterThan(0);
    expect(plane.logged.join('\n')).not.toContain('stolen-but-revoked');
  });
});

describe('the door', () => {
  it('answers what is nowhere with 404 and what is elsewhere with 405 and Allow', async () => {
    expect((await send('GET', '/nothing')).status).toBe(404);
    expect((await send('GET', '/apis/')).status).toBe(404);
    expect((await send('GET', '/APIS')).status).toBe(404);
    expect((await send('GET', '/clients/%zz')).status).toBe(404);
    const wrong = await send('PUT', aPath, { body: {} });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH');
    expect((await send('POST', '/openapi.json')).headers.get('allow')).toBe('GET, HEAD');
    expect((await send('HEAD', aPath)).status).toBe(200);
  });

  it('takes JSON alone, of bounded size and depth', async () => {
    const post = (raw: string, headers = {}): Promise<Answer> => send('POST', '/apis', { raw, headers });
    expect((await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await post('{}', { 'content-type': 'text/json' })).status).toBe(415);
    expect((await post('{}', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post('{"audience":')).status).toBe(400);
    expect((await post('"text"')).status).toBe(400);
    expect((await post(JSON.stringify({ description: 'x'.repeat(300_000) }))).status).toBe(413);
    expect((await post('['.repeat(100_000) + ']'.repeat(100_000))).status).toBe(400);
  });

  it('says nothing of the body in an error', async () => {
    const answer = await send('POST', '/clients', { raw: '{"secret":{"value":"hunter22-hunter22"' });
    expect(answer.text).not.toContain('hunter22');
  });

  it('refuses names and texts that could do harm', async () => {
    const prototype = await send('POST', '/apis', {
      raw: '{"audience":"urn:x","__proto__":{"system":true}}',
    });
    expect(pointers(prototype)).toEqual(['/__proto__']);
    const zero = await send('POST', '/apis', { raw: '{"audience":"urn:x","description":"a\\u0000b"}' });
    expect(pointers(zero)).toEqual(['/description']);
    const half = await send('POST', '/clients', { raw: '{"name":"x","jwks":{"keys":[{"kty":"\\ud800"}]}}' });
    expect(pointers(half)).toEqual(['/jwks/keys/0/kty']);
    expect(pointers(await send('GET', '/clients?q=%00'))).toEqual(['query/q']);
    expect((await send('GET', '/clients/%00')).status).toBe(400);
  });

  it('names every wrong field at once, and unknown ones by name', async () => {
    const answer = await send('POST', '/clients', {
      body: { redirectUris: 'x', tokenTtl: 1, type: 'robot', nam: 'typo', 'a/b': 1 },
    });
    expect(answer.status).toBe(400);
    expect(pointers(answer).sort()).toEqual([
      '/a~1b',
      '/nam',
      '/name',
      '/redirectUris',
      '/tokenTtl',
      '/type',
    ]);
    expect(pointers(await send('GET', '/clients?limit=0&frobnicate=1&enabled=maybe')).sort()).toEqual([
      'query/enabled',
      'query/frobnicate',
      'query/limit',
    ]);
    expect(pointers(await send('GET', '/clients?q=a&q=b'))).toEqual(['query/q']);
  });

  it('is never kept, sniffed or framed', async () => {
    const { headers } = await send('GET', aPath);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

describe('APIs', () => {
  it('are made with defaults, once', async () => {
    const made = await send('POST', '/apis', { body: { audience: 'urn:new' } });
    expect(made.body).toMatchObject({
      tokenFormat: 'jwt',
      tokenTtl: 600,
      signingAlg: 'ES256',
      tokenBinding: 'none',
    });
    expect(made.headers.get('etag')).toBe('"1"');
    expect((await send('POST', '/apis', { body: { audience: 'urn:new' } })).status).toBe(409);
  });

  it('change under If-Match', async () => {
    const patch = (tag: string): Promise<Answer> =>
      send('PATCH', '/apis/urn%3Anew', { body: { tokenTtl: 300 }, headers: { 'if-match': tag } });
    expect((await patch('"9"')).status).toBe(412);
    expect((await patch('W/"1"')).status).toBe(412);
    expect((await patch('"7", "1"')).headers.get('etag')).toBe('"2"');
    expect((await patch('*')).status).toBe(200);
  });

  it('that clients hold go by force only', async () => {
    const grants = [{ audience: A, scopes: ['read', 'write'] }];
    await send('POST', '/clients', { body: { name: 'holder', clientId: 'holder', grants } });
    await send('POST', '/clients', { body: { name: 'server', clientId: 'server', serves: [A] } });
    const less = { scopes: [{ name: 'read' }] };
    const refused = await send('PATCH', aPath, { body: less });
    expect(refused.status).toBe(409);
    expect(refused.body['detail']).toContain('holder');
    expect((await send('PATCH', `${aPath}?force=true`, { body: less })).status).toBe(200);
    expect((await send('GET', '/clients/holder/grants')).body['items']).toMatchObject([{ scopes: ['read'] }]);
    const kept = await send('DELETE', aPath);
    expect(kept.status).toBe(409);
    expect(kept.body['detail']).toContain('granted to 1 clients and served by 1');
    expect((await send('DELETE', `${aPath}?force=true`)).status).toBe(204);
    expect((await send('GET', '/clients/holder')).body['grants']).toEqual([]);
    expect((await send('GET', '/clients/server')).body['serves']).toEqual([]);
    await send('POST', '/apis', { body: { audience: A, scopes: [{ name: 'read' }, { name: 'write' }] } });
  });

  it('of Gatehouse itself stay as they are', async () => {
    for (const path of ['/apis/urn%3Agatehouse%3Aadmin', '/apis/urn%3Agatehouse%3Atokens']) {
      expect((await send('PATCH', path, { body: { tokenTtl: 60 } })).status).toBe(403);
      expect((await send('DELETE', `${path}?force=true`)).status).toBe(403);
    }
    expect((await send('POST', '/apis', { body: { audience: 'URN:gatehouse:more' } })).status).toBe(403);
  });
});

describe('clients', () => {
  it('have the defaults of their type', async () => {
    const service = await send('POST', '/clients', { body: { name: 'svc' } });
    expect(service.body).toMatchObject({
      type: 'service',
      authMethods: ['client_secret_basic', 'client_secret_post'],
      grantTypes: ['client_credentials'],
      clientSecret: expect.stringMatching(/^ghs_[A-Za-z0-9_-]{43}$/),
      secrets: [{ scheme: 'hmac-sha256', createdBy: 'gatehouse-admin' }],
    });
    const spa = await send('POST', '/clients', { body: { name: 'spa', type: 'spa' } });
    expect(spa.body).toMatchObject({
      authMethods: ['none'],
      grantTypes: ['authorization_code', 'refresh_token'],
    });
    expect(spa.body).not.toHaveProperty('clientSecret');
    expect(spa.body['secrets']).toEqual([]);
  });

  it('may bring a chosen secret or its hash, which nobody gets back', async () => {
    const value = 'päßwört-chosen-elsewhere';
    const chosen = await send('POST', '/clients', {
      body: { name: 'c', clientId: 'chosen', secret: { value } },
    });
    expect(chosen.body).not.toHaveProperty('clientSecret');
    expect(chosen.body['secrets']).toMatchObject([{ scheme: 'argon2id' }]);
    const argon2 = '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21l$c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZQ';
    expect((await send('POST', '/clients/chosen/secrets', { body: { argon2 } })).body['scheme']).toBe(
      'argon2id',
    );
    const both = await send('POST', '/clients/chosen/secrets', { body: { argon2, value } });
    expect(pointers(both)).toEqual(['/argon2']);
    const bomb = { argon2: argon2.replace('m=65536', 'm=4194304') };
    expect(pointers(await send('POST', '/clients', { body: { name: 'b', secret: bomb } }))).toEqual([
      '/secret/argon2',
    ]);
    for (const path of ['/clients/chosen', '/audit?limit=200', '/export', '/clients/chosen/secrets']) {
      const { text } = await send('GET', path);
      expect(text).not.toContain(value);
      expect(text).not.toContain('$argon2id$');
    }
    expect(plane.logged.join('')).not.toContain(value);
  });

  it('are found by every filter', async () => {
    await send('POST', '/clients', {
      body: { name: 'filter me', clientId: 'f1', type: 'web', enabled: false, serves: [A], redirectUris: [] },
    });
    await send('PUT', `/clients/f1/grants/${encodeURIComponent(A)}`, { body: { scopes: ['read'] } });
    for (const query of [
      'q=FILTER',
      'name=filter%20me',
      'enabled=false',
      'type=web',
      `audience=${A}`,
      `serves=${A}`,
    ]) {
      const { items } = (await send('GET', `/clients?${query}`)).body as { items: { clientId: string }[] };
      expect(items.map(({ clientId }) => clientId)).toContain('f1');
      expect(items.map(({ clientId }) => clientId)).not.toContain('chosen');
    }
    expect((await send('GET', '/clients?q=%25')).body['items']).toEqual([]);
  });

  it('are not changed by who read them too early: of two parallel writers one gets 412', async () => {
    const { headers } = await send('GET', '/clients/f1');
    const write = (description: string): Promise<Answer> =>
      send('PATCH', '/clients/f1', {
        body: { description },
        headers: { 'if-match': headers.get('etag') ?? '' },
      });
    const statuses = (await Promise.all([write('a'), write('b')])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 412]);
  });

  it('have another ETag when their secrets or grants change', async () => {
    const etag = async (): Promise<string | null> => (await send('GET', '/clients/f1')).headers.get('etag');
    const seen = [await etag()];
    await send('POST', '/clients/f1/grants', { body: { audience: A, scopes: ['write'] } });
    seen.push(await etag());
    await send('POST', '/clients/f1/secrets', { body: {} });
    seen.push(await etag());
    expect(new Set(seen).size).toBe(3);
    const late = { headers: { 'if-match': seen[0] ?? '' } };
    expect((await send('DELETE', `/clients/f1/grants/${encodeURIComponent(A)}`, late)).status).toBe(412);
  });

  it('leave no token alive when they are deleted', async () => {
    await send('POST', '/clients', { body: { name: 'gone', clientId: 'gone' } });
    expect((await send('DELETE', '/clients/gone')).status).toBe(204);
    expect((await send('GET', '/clients/gone')).status).toBe(404);
    expect((await send('GET', '/revocations/client%3Agone')).body).toMatchObject({ subject: 'gone' });
  });

  it('refuse what no API or client knows, by its place', async () => {
    const answer = await send('POST', '/clients', {
      body: {
        name: 'x',
        serves: ['urn:gatehouse:admin', 'urn:no'],
        grants: [
          { audience: A, scopes: ['read', 'fly'] },
          { audience: 'urn:no', scopes: [] },
          { audience: A, scopes: [] },
        ],
      },
    });
    expect(pointers(answer).sort()).toEqual([
      '/grants/0/scopes',
      '/grants/1/audience',
      '/grants/2/audience',
      '/serves/0',
      '/serves/1',
    ]);
    const again = await send('POST', '/clients', { body: { name: 'x', clientId: 'chosen' } });
    expect(again.status).toBe(409);
  });
});

describe('secrets', () => {
  it('rotate with an overlap, and never later than they would have ended', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const secret = { name: 'first', expiresAt: soon };
    await send('POST', '/clients', { body: { name: 'r', clientId: 'r', secret } });
    await send('POST', '/clients/r/secrets', { body: { name: 'second' } });
    const rotated = await send('POST', '/clients/r/secrets/rotate', {
      body: { overlapSeconds: 7200, name: 'third' },
    });
    const { previous, clientSecret } = rotated.body as {
      previous: { name: string; expiresAt: string }[];
      clientSecret: string;
    };
    expect(clientSecret).toMatch(/^ghs_/);
    expect(previous.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(previous[0]?.expiresAt).toBe(soon);
    expect(Date.parse(previous[1]?.expiresAt ?? '') - Date.now()).toBeLessThanOrEqual(7_200_000);
    expect((await send('POST', '/clients/r/secrets/rotate')).status).toBe(201);
  });

  it('are ten at most, and old ones do not pile up', async () => {
    await send('POST', '/clients', { body: { name: 'many', clientId: 'many' } });
    for (let i = 1; i < 10; i += 1) await send('POST', '/clients/many/secrets', { body: {} });
    expect((await send('POST', '/clients/many/secrets', { body: {} })).status).toBe(409);
    const { items } = (await send('GET', '/clients/many/secrets')).body as { items: { id: string }[] };
    const first = items[0]?.id ?? '';
    expect((await send('DELETE', `/clients/many/secrets/${first}`)).status).toBe(204);
    expect((await send('DELETE', `/clients/many/secrets/${first}`)).status).toBe(404);
    await send('POST', '/clients/many/secrets/rotate', { body: { overlapSeconds: 0 } });
    for (let i = 0; i < 5; i += 1)
      await send('POST', '/clients/many/secrets/rotate', { body: { overlapSeconds: 0 } });
    const left = (await send('GET', '/clients/many/secrets')).body['items'] as unknown[];
    expect(left.length).toBeLessThanOrEqual(12);
  });

  it('end when they are told to', async () => {
    const { items } = (await send('GET', '/clients/r/secrets')).body as { items: { id: string }[] };
    const path = `/clients/r/secrets/${items[0]?.id ?? ''}`;
    const expiresAt = '2040-01-01T00:00:00.000Z';
    expect(
      (await send('PATCH', path, { body: { expiresAt: '2040-01-01T02:00:00+02:00' } })).body['expiresAt'],
    ).toBe(expiresAt);
    expect((await send('PATCH', path, { body: { expiresAt: null } })).body['expiresAt']).toBeNull();
    expect(pointers(await send('PATCH', path, { body: {} }))).toEqual(['/expiresAt']);
    const past = await send('POST', '/clients/r/secrets', { body: { expiresAt: '2020-01-01T00:00:00Z' } });
    expect(pointers(past)).toEqual(['/expiresAt']);
  });
});

describe('grants', () => {
  const path = `/clients/g/grants/${encodeURIComponent(A)}`;
  const scopes = async (): Promise<unknown> =>
    ((await send('GET', '/clients/g/grants')).body['items'] as { scopes: unknown }[])[0]?.scopes;

  it('are set, added to and taken from', async () => {
    await send('POST', '/clients', { body: { name: 'g', clientId: 'g' } });
    await send('PUT', path, { body: { scopes: ['write'] } });
    await send('POST', '/clients/g/grants', { body: { audience: A, scopes: ['read', 'read'] } });
    expect(await scopes()).toEqual(['read', 'write']);
    expect((await send('DELETE', `${path}?scope=read+nothing`)).status).toBe(204);
    expect(await scopes()).toEqual(['write']);
    expect((await send('DELETE', path)).status).toBe(204);
    expect((await send('DELETE', path)).status).toBe(404);
    expect(pointers(await send('PUT', path, { body: { scopes: ['fly'] } }))).toEqual(['/scopes']);
    expect((await send('PUT', '/clients/nobody/grants/urn%3Anew', { body: { scopes: [] } })).status).toBe(
      404,
    );
  });
});

describe('lists', () => {
  it('page stably while others write', async () => {
    for (let i = 0; i < 7; i += 1)
      await send('POST', '/clients', { body: { name: 'page', clientId: `page-${i * 2}` } });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query = `/clients?name=page&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`;
      const { body } = await send('GET', query);
      seen.push(...(body['items'] as { clientId: string }[]).map(({ clientId }) => clientId));
      cursor = body['nextCursor'] as string | null;
      if (seen.length === 4) {
        await send('POST', '/clients', { body: { name: 'page', clientId: 'page-1' } });
        await send('DELETE', '/clients/page-0');
      }
    } while (cursor !== null);
    expect(seen.filter((id) => id !== 'page-1')).toEqual([
      'page-0',
      'page-10',
      'page-12',
      'page-2',
      'page-4',
      'page-6',
      'page-8',
    ]);
  });

  it('refuse a cursor that they did not make', async () => {
    for (const list of ['/clients', '/apis', '/audit', '/revocations']) {
      expect((await send('GET', `${list}?cursor=@@@`)).status).toBe(400);
    }
    expect((await send('GET', '/audit?cursor=YWJj')).status).toBe(400);
    expect((await send('GET', '/revocations?cursor=YWJj')).status).toBe(400);
  });
});

describe('revocations', () => {
  it('are of a token by itself or its jti, of a client, of a key', async () => {
    await send('POST', '/clients', { body: { name: 'shop', clientId: 'shop' } });
    const post = (body: object): Promise<Answer> => send('POST', '/revocations', { body });
    expect((await post({ kind: 'token', token: 'a-token', reason: 'leaked' })).body).toMatchObject({
      id: 'token:j1',
    });
    expect(pointers(await post({ kind: 'token', token: 'foreign' }))).toEqual(['/token']);
    expect(pointers(await post({ kind: 'token' }))).toEqual(['/subject']);
    expect((await post({ kind: 'client', subject: 'shop' })).status).toBe(201);
    expect((await post({ kind: 'client', subject: 'nobody' })).status).toBe(404);
    expect((await post({ kind: 'key', subject: 'k' })).status).toBe(404);
    plane.caller('revoker', 'gatehouse-admin', ['revocations:write']);
    const key = await send('POST', '/revocations', { as: 'revoker', body: { kind: 'key', subject: 'k' } });
    expect(key.status).toBe(403);
    const list = await send('GET', '/revocations?kind=token');
    expect(list.body['items']).toMatchObject([
      { id: 'token:j1', reason: 'leaked', createdBy: 'gatehouse-admin' },
    ]);
    expect((await send('GET', '/revocations/nonsense')).status).toBe(404);
    expect(JSON.stringify((await send('GET', '/audit?type=token.revoked')).body)).not.toContain('a-token');
  });
});

describe('the audit record', () => {
  it('has who, what, before and after of every write', async () => {
    const { body, headers } = await send('PATCH', '/clients/g', { body: { description: 'after' } });
    expect(body['description']).toBe('after');
    const { items } = (await send('GET', '/audit?subjectId=g&type=client.updated')).body as {
      items: Record<string, unknown>[];
    };
    expect(items[0]).toMatchObject({
      outcome: 'success',
      actor: { type: 'client', id: 'gatehouse-admin' },
      subject: { type: 'client', id: 'g' },
      clientId: 'g',
      requestId: headers.get('x-request-id'),
      before: { description: '' },
      after: { description: 'after' },
    });
    const none = await send('GET', '/audit?from=2040-01-01T00:00:00Z');
    expect(none.body['items']).toEqual([]);
  });

  it('has nothing of a write that was refused', async () => {
    const before = (await send('GET', '/audit?type=client.created&limit=200')).body['items'] as unknown[];
    await send('POST', '/clients', { body: { name: 'x', grants: [{ audience: 'urn:no', scopes: [] }] } });
    const after = (await send('GET', '/audit?type=client.created&limit=200')).body['items'] as unknown[];
    expect(after).toHaveLength(before.length);
  });
});

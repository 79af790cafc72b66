import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { GatehouseError } from '../../../src/errors.js';
import { ClientAuthorities } from '../../../src/http/client_certificate.js';
import { NetworkSet } from '../../../src/lib/networks.js';
import { createAuthority, createCertificate } from '../../support/certificates.js';
import { gate, openDoor, rawRequest, statusOf, type Door, type DoorOptions } from './door.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const behindProxy = { trustedProxies: new NetworkSet(['127.0.0.0/8']) };

let door: Door;
async function open(options: DoorOptions = {}): Promise<Door> {
  door = await openDoor(options);
  return door;
}
afterEach(() => door.close());

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${door.url}${path}`, { headers });

describe('the context of a request', () => {
  it('gives it an id and logs one event without its query', async () => {
    await open({
      handler: (ctx) => {
        ctx.state.endpoint = 'token';
        ctx.state.event.clientId = 'orders';
        ctx.body = {};
      },
    });
    const response = await get('/token?code=hunter2', { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` });
    const id = response.headers.get('x-request-id');
    expect(id).toMatch(UUID);
    expect(door.records()).toEqual([
      expect.objectContaining({
        message: 'request',
        'request.id': id,
        trace_id: TRACE,
        'client.address': '127.0.0.1',
        'http.request.method': 'GET',
        'url.path': '/token',
        'http.response.status_code': 200,
        'gatehouse.endpoint': 'token',
        'gatehouse.client_id': 'orders',
      }),
    ]);
    expect(JSON.stringify(door.records())).not.toContain('hunter2');
    expect(await door.metrics.text()).toContain(
      'gatehouse_http_requests_total{plane="public",endpoint="token",method="GET",status="2xx"} 1',
    );
  });

  it('believes ids and addresses of nobody but trusted proxies', async () => {
    const headers = {
      'x-request-id': 'mine',
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
    };
    await open();
    const response = await get('/', headers);
    expect(response.headers.get('x-request-id')).toMatch(UUID);
    expect(await response.json()).toMatchObject({ ip: '127.0.0.1' });
    await door.close();

    await open({ context: behindProxy });
    const trusted = await get('/', headers);
    expect(trusted.headers.get('x-request-id')).toBe('mine');
    expect(await trusted.json()).toMatchObject({ ip: '203.0.113.9' });
    const forwarded = await get('/', { forwarded: 'for=203.0.113.9' });
    expect(await forwarded.json()).toMatchObject({ ip: '127.0.0.1' });
  });

  it('replaces an id of a trusted proxy that is no plain word', async () => {
    await open({ context: behindProxy });
    for (const id of ['a b', 'x'.repeat(129), '"}', ''])
      expect((await get('/', { 'x-request-id': id })).headers.get('x-request-id')).toMatch(UUID);
  });

  it('hides unexpected errors from the caller and tells them to the log', async () => {
    await open({
      handler: () => {
        throw new TypeError('an inner matter');
      },
    });
    const response = await get('/');
    const body = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(body)).toMatchObject({ error: 'server_error' });
    expect(body).not.toContain('matter');
    expect(door.records()).toEqual([
      expect.objectContaining({
        level: 'error',
        'error.type': 'server_error',
        'exception.type': 'TypeError',
        'exception.message': 'an inner matter',
        'exception.stacktrace': expect.any(String),
      }),
    ]);
    expect(await door.metrics.text()).toContain('gatehouse_errors_total{code="server_error"} 1');
  });

  it('answers expected errors that reach it, with Retry-After where there is one', async () => {
    await open({
      handler: () => {
        throw new GatehouseError('temporarily_unavailable', 'later', {
          retryAfter: 7,
          detail: 'pool is empty',
        });
      },
    });
    const response = await get('/');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
    expect(await response.json()).toEqual({ error: 'temporarily_unavailable', error_description: 'later' });
    expect(door.records()[0]).toMatchObject({ 'gatehouse.error_detail': 'pool is empty' });
  });

  it('leaves the answer to the plane when it is told how', async () => {
    await open({
      context: {
        renderError: (ctx) => {
          ctx.status = 418;
        },
      },
    });
    expect(statusOf(await rawRequest(door.port, '/', ['DPoP: a', 'DPoP: b']))).toBe(418);
  });

  it('counts a request that its client gave up', async () => {
    const arrived = gate();
    await open({
      handler: async (ctx) => {
        arrived.open();
        await new Promise((resolve) => ctx.req.once('close', resolve));
        throw new Error('request aborted');
      },
    });
    const socket = connect(door.port, '127.0.0.1', () => {
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    });
    await arrived.opened;
    socket.destroy();
    while (door.records().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(door.records()[0]).toMatchObject({ level: 'info', 'http.response.status_code': 499 });
  });
});

describe('headers that may be there once', () => {
  it.each([
    ['Authorization: Basic YTpi', 'authorization: Bearer x'],
    ['Content-Type: text/plain', 'CONTENT-TYPE: application/json'],
    ['DPoP: a', 'dpop: a'],
    ['host: evil', 'X: y'],
  ])('are refused twice: %s, %s', async (...headers) => {
    await open();
    const answer = await rawRequest(door.port, '/', headers);
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain('given twice');
    expect(answer).toMatch(/x-request-id/i);
  });

  it('are refused twice by the parser in the case of Content-Length', async () => {
    await open();
    expect(statusOf(await rawRequest(door.port, '/', ['Content-Length: 0', 'Content-Length: 0']))).toBe(400);
  });

  it('are taken once, among 100 others and no more', async () => {
    await open();
    const others = (n: number) => Array.from({ length: n }, (_, i) => `x-${i}: y`);
    expect(statusOf(await rawRequest(door.port, '/', ['DPoP: a', ...others(97)]))).toBe(200);
    expect(statusOf(await rawRequest(door.port, '/', others(98)))).toBe(200);
    expect(statusOf(await rawRequest(door.port, '/', others(99)))).toBe(431);
    expect(statusOf(await rawRequest(door.port, '/', others(900)))).toBe(431);
  });
});

describe('the client certificate from a proxy', () => {
  const authority = createAuthority('clients');
  const certificate = createCertificate({ commonName: 'orders', issuer: authority });
  const header = encodeURIComponent(certificate.certPem);
  const handler: DoorOptions['handler'] = (ctx) => {
    const found = ctx.state.certificate();
    ctx.body = found ? { subject: found.x509.subject, verified: found.chainVerified } : {};
  };
  const context = {
    ...behindProxy,
    clientCertHeader: 'X-Client-Cert',
    clientAuthorities: () => new ClientAuthorities([authority.x509]),
  };

  it('is read from the header that was configured, and its chain is checked', async () => {
    await open({ handler, context });
    const response = await get('/', { 'x-client-cert': header });
    expect(await response.json()).toEqual({ subject: 'CN=orders', verified: true });
    const selfSigned = encodeURIComponent(createCertificate({ commonName: 'orders' }).certPem);
    const other = await get('/', { 'x-client-cert': selfSigned });
    expect(await other.json()).toEqual({ subject: 'CN=orders', verified: false });
    expect(await (await get('/')).json()).toEqual({});
  });

  it('is never verified without authorities', async () => {
    await open({ handler, context: { ...context, clientAuthorities: undefined } });
    expect(await (await get('/', { 'x-client-cert': header })).json()).toMatchObject({ verified: false });
  });

  it('is ignored from anyone else, malformed or not', async () => {
    await open({ handler, context: { ...context, trustedProxies: new NetworkSet(['10.0.0.0/8']) } });
    for (const value of [header, 'nonsense']) {
      expect(await (await get('/', { 'x-client-cert': value })).json()).toEqual({});
    }
  });

  it('is refused with 400 when it is malformed or there twice', async () => {
    await open({ handler, context });
    expect((await get('/', { 'x-client-cert': 'nonsense' })).status).toBe(400);
    const twice = [`X-Client-Cert: ${header}`, `X-Client-Cert: ${header}`];
    expect(statusOf(await rawRequest(door.port, '/', twice))).toBe(400);
  });
});

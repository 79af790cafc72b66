import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { GatehouseError } from '../../../src/errors.js';
import { NetworkSet } from '../../../src/lib/networks.js';
import { fetchDocument, type FetchOptions, type ResolveAll } from '../../../src/lib/outbound.js';
import { createCertificate } from '../../support/certificates.js';

const certificate = createCertificate({ commonName: 'jwks', altNames: ['keys.example.com', '127.0.0.1'] });
const seen: { url: string | undefined; headers: http.IncomingHttpHeaders }[] = [];

const answers: Record<string, RequestListener> = {
  '/keys': (_, res) => res.setHeader('cache-control', 'max-age=60').end('{"keys":[]}'),
  '/redirect': (_, res) => res.writeHead(302, { location: '/keys' }).end(),
  '/large': (_, res) => res.end('x'.repeat(2000)),
  '/endless': (_, res) => {
    const timer = setInterval(() => res.write('x'.repeat(500)), 1);
    res.once('close', () => clearInterval(timer));
  },
  '/slow': (_, res) => res.write('{'),
  '/gzip': (_, res) => res.setHeader('content-encoding', 'gzip').end(gzipSync('{}')),
  '/broken': (_, res) => {
    res.setHeader('content-length', '100');
    res.write('{');
    res.socket?.destroy();
  },
};
const listener: RequestListener = (req, res) => {
  seen.push({ url: req.url, headers: req.headers });
  const answer = answers[req.url ?? ''];
  if (answer) answer(req, res);
  else res.writeHead(404).end();
};
const plain = http.createServer(listener);
const secure = https.createServer({ cert: certificate.certPem, key: certificate.keyPem }, listener);
let plainPort = 0;
let securePort = 0;

const start = (server: http.Server | https.Server) =>
  new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

beforeAll(async () => {
  [plainPort, securePort] = await Promise.all([start(plain), start(secure)]);
});
afterAll(() => {
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    server.close();
  }
});

const LOOPBACK = new NetworkSet(['127.0.0.0/8', '::1/128']);
const resolveTo =
  (...addresses: string[]): ResolveAll =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

function get(url: string, options: Partial<FetchOptions> = {}) {
  return fetchDocument(url, {
    allowedPrivate: LOOPBACK,
    timeoutMs: 2000,
    maxBytes: 1000,
    accept: 'application/json',
    ...options,
  });
}

async function detailOf(fetching: Promise<unknown>): Promise<string> {
  const error: unknown = await fetching.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(GatehouseError);
  expect(error).toMatchObject({
    code: 'temporarily_unavailable',
    message: 'a document could not be fetched',
  });
  return (error as GatehouseError).detail ?? '';
}

describe('fetchDocument', () => {
  it('answers body and headers', async () => {
    const { body, headers } = await get(`http://127.0.0.1:${plainPort}/keys`);
    expect(body.toString()).toBe('{"keys":[]}');
    expect(headers['cache-control']).toBe('max-age=60');
    expect(seen.at(-1)?.headers).toMatchObject({ accept: 'application/json', 'accept-encoding': 'identity' });
  });

  it('connects over TLS to the address that was checked, under the name that was asked for', async () => {
    const { body } = await get(`https://keys.example.com:${securePort}/keys`, {
      resolve: resolveTo('127.0.0.1'),
      ca: certificate.certPem,
    });
    expect(body.toString()).toBe('{"keys":[]}');
    expect(seen.at(-1)?.headers.host).toBe(`keys.example.com:${securePort}`);
  });

  it('checks the certificate', async () => {
    expect(await detailOf(get(`https://127.0.0.1:${securePort}/keys`))).toContain('cannot be reached');
    const other = { resolve: resolveTo('127.0.0.1'), ca: certificate.certPem };
    expect(await detailOf(get(`https://evil.example.com:${securePort}/keys`, other))).toContain(
      'cannot be reached',
    );
  });

  it.each([
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://0177.0.0.1/x',
    'https://[::1]/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://169.254.169.254/latest',
    'https://0.0.0.0/x',
    'https://10.0.0.1/x',
  ])('does not reach %s unless it is allowed', async (url) => {
    expect(await detailOf(get(url, { allowedPrivate: new NetworkSet([]) }))).toContain('private address');
  });

  it('refuses a name when only one of its addresses is private', async () => {
    const resolve = resolveTo('8.8.8.8', '10.0.0.1');
    expect(await detailOf(get('https://keys.example.com/x', { resolve }))).toContain(
      'private address 10.0.0.1',
    );
  });

  it('refuses localhost by the real resolver, unless it is allowed', async () => {
    const url = `http://localhost:${plainPort}/keys`;
    expect(await detailOf(get(url, { allowedPrivate: new NetworkSet([]) }))).toContain('private address');
    expect((await get(url)).body.toString()).toBe('{"keys":[]}');
  });

  it('refuses plain http to public addresses, other schemes, credentials and names without an address', async () => {
    expect(await detailOf(get('http://8.8.8.8/x'))).toContain('not reached over https');
    expect(await detailOf(get('file:///etc/passwd'))).toBe('not an http(s) URL');
    expect(await detailOf(get('nonsense'))).toBe('not an http(s) URL');
    expect(await detailOf(get('https://u:p@example.com/'))).toBe('the URL carries credentials');
    expect(await detailOf(get('https://example.com/', { resolve: resolveTo() }))).toContain('no address');
    const failing = { resolve: () => Promise.reject(new Error('ENOTFOUND')) };
    expect(await detailOf(get('https://example.com/', failing))).toContain('cannot be reached');
  });

  it.each([
    ['/redirect', 'status 302'],
    ['/missing', 'status 404'],
    ['/large', 'larger than 1000 bytes'],
    ['/endless', 'larger than 1000 bytes'],
    ['/gzip', 'compressed'],
    ['/broken', 'cannot be reached'],
  ])('refuses %s: %s', async (path, detail) => {
    expect(await detailOf(get(`http://127.0.0.1:${plainPort}${path}`))).toContain(detail);
  });

  it('gives up after the time for everything together', async () => {
    const options = { timeoutMs: 100 };
    expect(await detailOf(get(`http://127.0.0.1:${plainPort}/slow`, options))).toContain(
      'longer than 100 ms',
    );
    const never = { ...options, resolve: () => new Promise<never>(() => undefined) };
    expect(await detailOf(get('https://example.com/', never))).toContain('longer than 100 ms');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as jose from 'jose';
import {
  certificateJwk,
  createAuthority,
  createCertificate,
  type TestCertificate,
} from '../support/certificates.js';
import { startGatehouse, type Json, type Node } from '../support/gatehouse.js';

const API = 'urn:mtls:api';
const BOUND = 'urn:mtls:bound';
const grants = [API, BOUND].map((audience) => ({ audience, scopes: ['a'] }));

const authority = createAuthority('clients');
const successor = createAuthority('clients of tomorrow');
const issue = (commonName: string, options: object = {}): TestCertificate =>
  createCertificate({
    commonName,
    altNames: [`${commonName}.example`],
    issuer: authority,
    usage: 'client',
    ...options,
  });
const good = issue('orders');
const selfSigned = createCertificate({ commonName: 'self' });

let directory: string;
let node: Node;
let vouched: string;
let registered: string;
let server: { clientId: string; clientSecret: string };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-proxy-'));
  writeFileSync(join(directory, 'ca.pem'), authority.certPem);
  node = await startGatehouse({
    env: {
      GATEHOUSE_TLS_CLIENT_CA_FILE: join(directory, 'ca.pem'),
      GATEHOUSE_CLIENT_CERT_HEADER: 'X-Client-Cert',
      GATEHOUSE_TRUSTED_PROXIES: '127.0.0.1/32',
    },
  });
  await node.createApi(API, ['a']);
  await node.createApi(BOUND, ['a'], { tokenBinding: 'mtls' });
  const create = async (fields: object): Promise<string> =>
    (await node.createClient({ name: 'c', grants, ...fields })).clientId;
  vouched = await create({
    authMethods: ['tls_client_auth'],
    tlsSubject: { kind: 'san_dns', value: 'orders.example' },
  });
  registered = await create({
    authMethods: ['self_signed_tls_client_auth'],
    jwks: { keys: [{ ...certificateJwk(selfSigned), use: 'sig' }] },
  });
  server = await node.createClient({ name: 'server', serves: [API, BOUND] });
}, 120_000);
afterAll(async () => {
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** As nginx writes $ssl_client_escaped_cert. */
const escaped = (certificate: TestCertificate): string => encodeURIComponent(certificate.certPem);
/** RFC 9440. */
const field = (certificate: TestCertificate): string => `:${certificate.x509.raw.toString('base64')}:`;

const ask = (clientId: string, header?: string, resource = API): Promise<Json> =>
  node.post(
    '/token',
    { grant_type: 'client_credentials', client_id: clientId, resource },
    undefined,
    header === undefined ? {} : { 'x-client-cert': header },
  );

describe('client certificates that a trusted proxy hands over (RFC 8705, RFC 9440)', () => {
  it('authenticate a client by its subject, in both forms of the header', async () => {
    for (const header of [escaped(good), field(good)]) {
      expect((await ask(vouched, header)).status).toBe(200);
    }
  });

  it.each<[string, () => string | undefined]>([
    ['nobody', () => undefined],
    ['another subject', () => escaped(issue('billing'))],
    ['another authority', () => escaped(issue('orders', { issuer: createAuthority('clients') }))],
    [
      'the self-signed',
      () => escaped(createCertificate({ commonName: 'orders', altNames: ['orders.example'] })),
    ],
    ['the expired', () => escaped(issue('orders', { notAfter: -1000 }))],
    ['the future', () => escaped(issue('orders', { notBefore: 3_600_000 }))],
    ['a server', () => escaped(issue('orders', { usage: 'server' }))],
  ])('do not authenticate %s', async (_name, header) => {
    const { status, body } = await ask(vouched, header());
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
  });

  it('are refused when the header is damaged', async () => {
    for (const header of ['x', ':x:', '%zz', encodeURIComponent(`${good.certPem}${good.certPem}`)]) {
      expect([header, (await ask(vouched, header)).status]).toEqual([header, 400]);
    }
  });

  it('authenticate a self-signed client by its registered key alone', async () => {
    expect((await ask(registered, escaped(selfSigned))).status).toBe(200);
    expect((await ask(registered, escaped(createCertificate({ commonName: 'self' })))).status).toBe(401);
    expect((await ask(registered, escaped(good))).status).toBe(401);
  });

  it('bind tokens to themselves (RFC 8705 section 3), and introspection says so', async () => {
    const { status, body } = await ask(vouched, escaped(good), BOUND);
    expect(status).toBe(200);
    const thumbprint = Buffer.from(good.x509.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
    const token = String(body['access_token']);
    expect(jose.decodeJwt(token)['cnf']).toEqual({ 'x5t#S256': thumbprint });
    expect((await node.introspect(token, server)).body).toMatchObject({
      active: true,
      cnf: { 'x5t#S256': thumbprint },
    });
  });

  it('follow the file of authorities without a restart', async () => {
    const tomorrow = issue('orders', { issuer: successor });
    expect((await ask(vouched, escaped(tomorrow))).status).toBe(401);
    writeFileSync(join(directory, 'ca.pem'), authority.certPem + successor.certPem);
    const deadline = Date.now() + 20_000;
    while ((await ask(vouched, escaped(tomorrow))).status !== 200) {
      expect(Date.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((await ask(vouched, escaped(good))).status).toBe(200);
  }, 60_000);
});

describe('an API that wants its tokens bound to a certificate', () => {
  it('gives none to a client without one', async () => {
    const client = await node.createClient({ name: 'secret', grants });
    const { status, body } = await node.token({ ...client, resource: BOUND });
    expect(status).toBe(400);
    expect(String(body['error_description'])).toMatch(/certificate/);
  });
});

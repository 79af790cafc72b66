import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  certificateJwk,
  createAuthority,
  createCertificate,
  type CertificateOptions,
  type TestCertificate,
} from '../support/certificates.js';
import { startGatehouse, type Credentials, type Json, type Node } from '../support/gatehouse.js';
import { startJwksSource, type JwksSource } from '../support/jwks_source.js';

const API = 'urn:mutual:api';
const BOUND = 'urn:mutual:bound';
const DPOP = 'urn:mutual:dpop';
const grants = [API, BOUND, DPOP].map((audience) => ({ audience, scopes: ['a'] }));
const authority = createAuthority('clients');

let directory: string;
let source: JwksSource;
let node: Node;
let server: Credentials;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-mutual-'));
  writeFileSync(join(directory, 'ca.pem'), authority.certPem);
  source = await startJwksSource();
  node = await startGatehouse({
    env: {
      GATEHOUSE_TLS_CLIENT_CA_FILE: join(directory, 'ca.pem'),
      GATEHOUSE_CLIENT_CERT_HEADER: 'X-Client-Cert',
      GATEHOUSE_TRUSTED_PROXIES: '127.0.0.1/32',
      GATEHOUSE_DANGER_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
      GATEHOUSE_AUTH_FAILURES_PER_NETWORK: '10000',
    },
  });
  await node.createApi(API, ['a']);
  await node.createApi(BOUND, ['a'], { tokenBinding: 'mtls' });
  await node.createApi(DPOP, ['a'], { tokenBinding: 'dpop' });
  server = await node.createClient({ name: 'server', serves: [API, BOUND, DPOP] });
}, 120_000);
afterAll(async () => {
  await node.stop();
  await source.close();
  rmSync(directory, { recursive: true, force: true });
});

const issue = (options: Partial<CertificateOptions> = {}): TestCertificate =>
  createCertificate({ commonName: 'orders', issuer: authority, usage: 'client', ...options });
/** RFC 9440. */
const header = (certificate: TestCertificate): Record<string, string> => ({
  'x-client-cert': `:${certificate.x509.raw.toString('base64')}:`,
});
const create = async (fields: object): Promise<string> =>
  (await node.createClient({ name: randomUUID(), grants, ...fields })).clientId;
const bySubject = (kind: string, value: string): Promise<string> =>
  create({ authMethods: ['tls_client_auth'], tlsSubject: { kind, value } });
const ask = (clientId: string, certificate?: TestCertificate, more: object = {}): Promise<Json> =>
  node.post(
    '/token',
    { grant_type: 'client_credentials', client_id: clientId, resource: API, ...more },
    undefined,
    certificate ? header(certificate) : {},
  );
const status = async (clientId: string, certificate?: TestCertificate): Promise<number> =>
  (await ask(clientId, certificate)).status;
const thumbprint = (certificate: TestCertificate): string =>
  Buffer.from(certificate.x509.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');

describe('the subject of tls_client_auth (RFC 8705 section 2.1.2)', () => {
  it.each<[string, string, Partial<CertificateOptions>, Partial<CertificateOptions>]>([
    [
      'san_dns',
      'Orders.Internal',
      { altNames: ['a.internal', 'orders.internal'] },
      { altNames: ['*.internal'] },
    ],
    [
      'san_uri',
      'spiffe://example/orders',
      { altNames: ['spiffe://example/orders'] },
      { altNames: ['spiffe://example/Orders'] },
    ],
    ['san_ip', '192.0.2.7', { altNames: ['192.0.2.7'] }, { altNames: ['192.0.2.70'] }],
    ['san_ip', '2001:db8::1', { altNames: ['2001:db8::1'] }, { altNames: ['2001:db8::2'] }],
    [
      'san_email',
      'orders@example.com',
      { altNames: ['orders@example.com'] },
      { altNames: ['orders@example.org'] },
    ],
    ['subject_dn', 'CN=orders,O=Example', { organization: 'Example' }, { organization: 'Example Inc' }],
    ['subject_dn', 'cn = orders, o = Example', { organization: 'Example' }, { organization: 'example' }],
    ['subject_dn', 'CN=orders\\, eu', { commonName: 'orders, eu' }, { commonName: 'orders' }],
  ])('is matched by %s %s alone', async (kind, value, right, wrong) => {
    const client = await bySubject(kind, value);
    expect(await status(client, issue(right))).toBe(200);
    expect(await status(client, issue(wrong))).toBe(401);
    expect(await status(client, issue({ commonName: 'other' }))).toBe(401);
    const foreign = issue({ ...right, issuer: createAuthority('clients') });
    expect(await status(client, foreign)).toBe(401);
  });

  it('is not forged inside another name', async () => {
    const dns = await bySubject('san_dns', 'orders.internal');
    const forged = [
      'urn:a, DNS:orders.internal, b',
      'urn:a,DNS:orders.internal',
      'a", DNS:orders.internal, "b',
      'DNS:orders.internal',
      'orders.internal@example.com',
      'orders.internal\0.example',
    ];
    for (const altName of forged) {
      expect([altName, await status(dns, issue({ altNames: [altName] }))]).toEqual([altName, 401]);
    }
    // The common name is no DNS name.
    expect(await status(dns, issue({ commonName: 'orders.internal' }))).toBe(401);
    const dn = await bySubject('subject_dn', 'CN=orders,O=Example');
    for (const commonName of [
      'orders,O=Example',
      'orders\nO=Example',
      'x + CN=orders,O=Example',
      'orders\\',
    ]) {
      for (const organization of [undefined, 'Other']) {
        const options = { commonName, ...(organization === undefined ? {} : { organization }) };
        expect([commonName, await status(dn, issue(options))]).toEqual([commonName, 401]);
      }
    }
  });

  it('is not believed of a self-signed certificate, nor of one that a client issued', async () => {
    const client = await bySubject('san_dns', 'orders.internal');
    const own = createCertificate({ commonName: 'orders', altNames: ['orders.internal'] });
    expect(await status(client, own)).toBe(401);
    const leaf = issue({ altNames: ['other.internal'] });
    const issued = createCertificate({ commonName: 'x', altNames: ['orders.internal'], issuer: leaf });
    expect(await status(client, issued)).toBe(401);
    const namesake = createCertificate({ commonName: 'clients', authority: true });
    expect(await status(client, issue({ altNames: ['orders.internal'], issuer: namesake }))).toBe(401);
  });

  it('is believed of an authority that was renewed with its key, whichever comes first in the file', async () => {
    const client = await bySubject('san_dns', 'orders.internal');
    const expired = createCertificate({ commonName: 'renewed', authority: true, notAfter: -1000 });
    const renewed = createCertificate({ commonName: 'renewed', authority: true, keyOf: expired });
    const certificate = issue({ altNames: ['orders.internal'], issuer: renewed });
    writeFileSync(join(directory, 'ca.pem'), expired.certPem + renewed.certPem + authority.certPem);
    const deadline = Date.now() + 15_000;
    while ((await status(client, certificate)) !== 200) {
      expect(Date.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    writeFileSync(join(directory, 'ca.pem'), authority.certPem);
  }, 30_000);
});

describe('self_signed_tls_client_auth (RFC 8705 section 2.2)', () => {
  const own = createCertificate({ commonName: 'own' });
  const successor = createCertificate({ commonName: 'own' });
  const strip = (certificate: TestCertificate): Record<string, unknown> => {
    const { x5c: _, ...jwk } = certificateJwk(certificate);
    return jwk;
  };

  it('takes a registered certificate, or any certificate of a registered key', async () => {
    const renewed = createCertificate({ commonName: 'own', keyOf: own });
    const make = (...keys: unknown[]): Promise<string> =>
      create({ authMethods: ['self_signed_tls_client_auth'], jwks: { keys } });
    const exact = await make(certificateJwk(own));
    expect([await status(exact, own), await status(exact, renewed)]).toEqual([200, 401]);
    const byKey = await make(strip(own), strip(successor));
    for (const certificate of [own, renewed, successor]) expect(await status(byKey, certificate)).toBe(200);
    const stranger = createCertificate({ commonName: 'own' });
    const expired = createCertificate({ commonName: 'own', keyOf: own, notAfter: -1000 });
    for (const wrong of [stranger, issue(), expired]) expect(await status(byKey, wrong)).toBe(401);
    expect(await status(byKey)).toBe(401);
  });

  it('takes what their jwks_uri names', async () => {
    source.serve('/keys', [{}, { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }, certificateJwk(own)]);
    const fields = { authMethods: ['self_signed_tls_client_auth'], jwksUri: `${source.url}/keys` };
    const client = await create(fields);
    expect(await status(client, own)).toBe(200);
    expect(await status(client, successor)).toBe(401);
    source.serve('/keys', (response) => response.writeHead(500).end());
    expect(await status(client, own)).toBe(200);
    const unreachable = await create({ ...fields, jwksUri: `${source.url}/none` });
    expect(await status(unreachable, own)).toBe(503);
  });

  it('takes no such certificate from a client that has another method', async () => {
    const jwks = { keys: [strip(own)] };
    const assertions = await create({ authMethods: ['private_key_jwt'], jwks });
    expect(await status(assertions, own)).toBe(401);
    expect(await status(await create({}), own)).toBe(401);
    const client = await create({ authMethods: ['self_signed_tls_client_auth'], jwks });
    expect((await node.token({ clientId: client, clientSecret: 'ghs_x', resource: API })).status).toBe(401);
  });
});

describe('tokens bound to a certificate (RFC 8705 section 3)', () => {
  it('are bound to the certificate of this request, and introspection says so', async () => {
    const client = await bySubject('san_dns', 'bound.internal');
    for (const certificate of [
      issue({ altNames: ['bound.internal'] }),
      issue({ altNames: ['bound.internal'] }),
    ]) {
      const { body } = await ask(client, certificate, { resource: BOUND });
      expect(body['token_type']).toBe('Bearer');
      const { body: seen } = await node.introspect(String(body['access_token']), server);
      expect(seen).toMatchObject({
        active: true,
        token_type: 'Bearer',
        cnf: { 'x5t#S256': thumbprint(certificate) },
      });
    }
  });

  it('are bound for a self-signed client, and for a secret that comes with a certificate of an authority', async () => {
    const own = createCertificate({ commonName: 'own' });
    const jwks = { keys: [certificateJwk(own)] };
    const client = await create({ authMethods: ['self_signed_tls_client_auth'], jwks });
    expect((await ask(client, own, { resource: BOUND })).status).toBe(200);
    const secret = await node.createClient({ name: 'secret', grants });
    const { status: answered } = await node.token({ ...secret, resource: BOUND }, header(issue()));
    expect(answered).toBe(200);
  });

  it('are refused to who shows none, and a certificate is no DPoP proof', async () => {
    const secret = await node.createClient({ name: 'secret', grants });
    const none = await node.token({ ...secret, resource: BOUND });
    expect([none.status, none.body['error']]).toEqual([400, 'invalid_request']);
    const client = await bySubject('san_dns', 'bound.internal');
    const certificate = issue({ altNames: ['bound.internal'] });
    const dpop = await ask(client, certificate, { resource: DPOP });
    expect([dpop.status, dpop.body['error']]).toEqual([400, 'invalid_dpop_proof']);
  });
});

describe('the header of a proxy', () => {
  it('is refused when the caller sent one of its own and the proxy added another', async () => {
    const client = await bySubject('san_dns', 'orders.internal');
    const [own, theirs] = [issue(), issue({ altNames: ['orders.internal'] })];
    const one = (certificate: TestCertificate): string => header(certificate)['x-client-cert'] ?? '';
    const escaped = (certificate: TestCertificate): string => encodeURIComponent(certificate.certPem);
    const send = (values: string[]): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-client-cert': values };
        const request = httpRequest(`${node.url}/token`, { method: 'POST', headers }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        request.on('error', reject);
        request.end(`grant_type=client_credentials&client_id=${client}&resource=${API}`);
      });
    expect(await send([one(theirs)])).toBe(200);
    for (const values of [
      [one(theirs), one(own)],
      [one(own), one(theirs)],
      ['', one(theirs)],
      [escaped(theirs), escaped(own)],
      [one(theirs), escaped(own)],
    ]) {
      expect(await send(values)).toBe(400);
    }
  });

  it('is no certificate when the peer is no trusted proxy', async () => {
    const client = await bySubject('san_dns', 'orders.internal');
    const certificate = issue({ altNames: ['orders.internal'] });
    expect(await status(client, certificate)).toBe(200);
    await node.restart({ GATEHOUSE_TRUSTED_PROXIES: '192.0.2.0/24' });
    expect(await status(client, certificate)).toBe(401);
    const secret = await node.createClient({ name: 'secret', grants });
    const { status: answered } = await node.token({ ...secret, resource: BOUND }, header(certificate));
    expect(answered).toBe(400);
  }, 60_000);
});

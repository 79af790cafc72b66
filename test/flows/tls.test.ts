import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, TLSSocket, type ConnectionOptions } from 'node:tls';
import {
  certificateJwk,
  createAuthority,
  createCertificate,
  type TestCertificate,
} from '../support/certificates.js';
import { startGatehouse, type Node } from '../support/gatehouse.js';

const AUDIENCE = 'urn:shop:inventory';
const serverAuthority = createAuthority('servers');
const clientAuthority = createAuthority('clients');
const serverCertificate = () =>
  createCertificate({
    commonName: 'gatehouse',
    altNames: ['127.0.0.1'],
    issuer: serverAuthority,
    usage: 'server',
  });

let gatehouse: Node;
let directory: string;
const file = (name: string) => join(directory, name);

function install(certificate: TestCertificate): void {
  writeFileSync(file('cert.pem'), certificate.certPem);
  writeFileSync(file('key.pem'), certificate.keyPem);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));
  install(serverCertificate());
  writeFileSync(file('ca.pem'), clientAuthority.certPem);
  gatehouse = await startGatehouse({
    env: {
      GATEHOUSE_TLS_CERT_FILE: file('cert.pem'),
      GATEHOUSE_TLS_KEY_FILE: file('key.pem'),
      GATEHOUSE_TLS_CLIENT_CA_FILE: file('ca.pem'),
      GATEHOUSE_CLIENT_CERT_HEADER: 'X-Client-Cert',
      GATEHOUSE_TRUSTED_PROXIES: '192.0.2.0/24',
    },
  });
});
afterAll(async () => {
  await gatehouse.stop();
  rmSync(directory, { recursive: true, force: true });
});

const port = () => Number(new URL(gatehouse.issuer).port);

/** A connection, once TLS is agreed on. */
function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const ca = serverAuthority.certPem;
    const socket = connectTls({ host: '127.0.0.1', port: port(), ca, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

async function servedSerial(): Promise<string> {
  const socket = await handshake();
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

interface Sending {
  readonly certificate?: TestCertificate;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: https.Agent;
}

interface Answer {
  readonly status: number;
  readonly resumed: boolean;
  readonly body: Record<string, unknown>;
}

/** A form over TLS, with a client certificate or without. */
function post(path: string, form: Record<string, string>, sending: Sending = {}): Promise<Answer> {
  const { certificate, agent = false } = sending;
  const shown = certificate && { cert: certificate.certPem, key: certificate.keyPem };
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...sending.headers };
  const target = { host: '127.0.0.1', port: port(), path, method: 'POST', ca: serverAuthority.certPem };
  return new Promise((resolve, reject) => {
    const request = https.request({ ...target, ...shown, agent, headers }, (response) => {
      const status = response.statusCode ?? 0;
      const resumed = response.socket instanceof TLSSocket && response.socket.isSessionReused();
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => resolve({ status, resumed, body: JSON.parse(text) as Answer['body'] }));
    });
    request.on('error', reject).end(new URLSearchParams(form).toString());
  });
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error('it did not happen in 15 s');
    await sleep(50);
  }
}

describe('TLS by files', () => {
  it('serves TLS 1.2 and 1.3, and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake({ minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(old)).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${port()}/`)).rejects.toThrow();
  });

  it('takes over new files, and keeps the old ones while the new ones are bad', async () => {
    const next = serverCertificate();
    install(next);
    await until(async () => (await servedSerial()) === next.x509.serialNumber);
    writeFileSync(file('cert.pem'), serverCertificate().certPem);
    await until(() => gatehouse.logs().includes('the old ones stay in use'));
    expect(await servedSerial()).toBe(next.x509.serialNumber);
    const last = serverCertificate();
    install(last);
    await until(async () => (await servedSerial()) === last.x509.serialNumber);
  });
});

describe('client certificates over TLS (RFC 8705)', () => {
  const token = (clientId: string, certificate?: TestCertificate, options: Sending = {}) =>
    post(
      '/token',
      { grant_type: 'client_credentials', client_id: clientId, resource: AUDIENCE },
      { ...options, ...(certificate && { certificate }) },
    );
  const grants = [{ audience: AUDIENCE, scopes: ['read'] }];
  const adminApi = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const { clientId, clientSecret } = gatehouse.administrator;
    const form = { grant_type: 'client_credentials', resource: 'urn:gatehouse:admin' };
    const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    const { body: issued } = await post('/token', form, { headers: { authorization: basic } });
    const response = await fetch(`${gatehouse.adminUrl}/admin/v1${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${String(issued['access_token'])}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(201);
    return (await response.json()) as Record<string, unknown>;
  };
  const selfSigned = createCertificate({ commonName: 'self' });
  let pki = '';
  let self = '';

  beforeAll(async () => {
    await adminApi('/apis', { audience: AUDIENCE, scopes: [{ name: 'read', description: '' }] });
    const tls = {
      authMethods: ['tls_client_auth'],
      tlsSubject: { kind: 'san_dns', value: 'orders.internal' },
    };
    pki = String((await adminApi('/clients', { name: 'pki', grants, ...tls }))['clientId']);
    const jwks = { keys: [certificateJwk(selfSigned)] };
    const own = { authMethods: ['self_signed_tls_client_auth'], jwks };
    self = String((await adminApi('/clients', { name: 'self', grants, ...own }))['clientId']);
  });

  const issued = (altNames: readonly string[], issuer = clientAuthority) =>
    createCertificate({ commonName: 'orders', altNames, issuer, usage: 'client' });

  it('authenticate a client whose subject an authority vouches for', async () => {
    const { status, body } = await token(pki, issued(['orders.internal']));
    expect([status, body['token_type']]).toEqual([200, 'Bearer']);
    const payload = String(body['access_token']).split('.')[1] ?? '';
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({ client_id: pki, cnf: { 'x5t#S256': expect.any(String) } });
  });

  it('do not authenticate another subject, another authority, the self-signed, the expired, or nobody', async () => {
    const hour = 3_600_000;
    const expired = createCertificate({
      commonName: 'orders',
      altNames: ['orders.internal'],
      issuer: clientAuthority,
      notBefore: -2 * hour,
      notAfter: -hour,
    });
    const wrong = [
      issued(['other.internal']),
      issued(['orders.internal'], createAuthority('clients')),
      createCertificate({ commonName: 'orders', altNames: ['orders.internal'] }),
      expired,
      undefined,
    ];
    for (const certificate of wrong) {
      const { status, body } = await token(pki, certificate);
      expect([status, body['error']]).toEqual([401, 'invalid_client']);
    }
  });

  it('authenticate a self-signed client by its registered certificate alone', async () => {
    expect((await token(self, selfSigned)).status).toBe(200);
    expect((await token(self, createCertificate({ commonName: 'self' }))).status).toBe(401);
  });

  it('bind tokens to the certificate of the connection (section 3), and introspection says so', async () => {
    const bound = 'urn:shop:bound';
    await adminApi('/apis', {
      audience: bound,
      scopes: [{ name: 'read', description: '' }],
      tokenBinding: 'mtls',
    });
    const create = (fields: object): Promise<Record<string, unknown>> =>
      adminApi('/clients', { name: 'c', grants: [{ audience: bound, scopes: ['read'] }], ...fields });
    const jwks = { keys: [certificateJwk(selfSigned)] };
    const owner = await create({ authMethods: ['self_signed_tls_client_auth'], jwks });
    const secret = await create({ serves: [bound] });
    const client_secret = String(secret['clientSecret']);
    const grant = { grant_type: 'client_credentials', resource: bound };
    const bySecret = { client_id: String(secret['clientId']), client_secret };
    const x5t = (certificate: TestCertificate): string =>
      Buffer.from(certificate.x509.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
    const vouched = issued(['any.internal']);
    for (const [form, certificate] of [
      [{ ...grant, client_id: String(owner['clientId']) }, selfSigned],
      [{ ...grant, ...bySecret }, vouched],
    ] as const) {
      const { body } = await post('/token', form, { certificate });
      const asked = await post('/introspect', { token: String(body['access_token']), ...bySecret });
      expect(asked.body).toMatchObject({ active: true, cnf: { 'x5t#S256': x5t(certificate) } });
    }
    const none = await post('/token', { ...grant, ...bySecret });
    expect([none.status, none.body['error']]).toEqual([400, 'invalid_request']);
  });

  it('are the same on a resumed session', async () => {
    const certificate = issued(['orders.internal']);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const agent = new https.Agent({ maxCachedSessions: 10, minVersion: version, maxVersion: version });
      const first = await token(pki, certificate, { agent });
      const second = await token(pki, certificate, { agent });
      expect([version, first.status, second.status, second.resumed]).toEqual([version, 200, 200, true]);
      agent.destroy();
    }
  });

  it('are not believed from a header when the peer is no trusted proxy', async () => {
    const header = encodeURIComponent(issued(['orders.internal']).certPem);
    const { status } = await token(pki, undefined, { headers: { 'x-client-cert': header } });
    expect(status).toBe(401);
  });
});

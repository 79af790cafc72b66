/** X.509 certificates made on the spot, so that no test needs openssl or a key in git. Knows just enough DER. */
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

export interface TestCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  readonly x509: X509Certificate;
  readonly key: KeyObject;
}

export interface CertificateOptions {
  readonly commonName: string;
  readonly organization?: string;
  /** Subject alternative names; an IP address, a URI (with a colon), an address (with an at sign) or a DNS name. */
  readonly altNames?: readonly string[];
  /** Who signs; itself when left out. */
  readonly issuer?: TestCertificate;
  /** Whose key it gets, as a renewed certificate keeps its own; a new one when left out. */
  readonly keyOf?: TestCertificate;
  readonly authority?: boolean;
  /** Extended key usage; both by default. */
  readonly usage?: 'client' | 'server' | 'both';
  /** Milliseconds from now, negative for the past. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

const DAY = 86_400_000;
const OIDS = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyId: '2.5.29.14',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const hex = body.length.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const octets = (...parts: readonly Buffer[]): Buffer => der(0x04, ...parts);
const bits = (body: Buffer, unused = 0): Buffer => der(0x03, Buffer.from([unused]), body);
const TRUE = Buffer.from([0x01, 0x01, 0xff]);

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const value of rest) {
    const septets = [value & 0x7f];
    for (let high = value >>> 7; high > 0; high >>>= 7) septets.unshift((high & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return der(0x06, Buffer.from(bytes));
}

function name(options: CertificateOptions): Buffer {
  const attribute = (type: string, value: string): Buffer =>
    der(0x31, sequence(oid(type), der(0x0c, Buffer.from(value))));
  const organization =
    options.organization === undefined ? [] : [attribute(OIDS.organization, options.organization)];
  return sequence(...organization, attribute(OIDS.commonName, options.commonName));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x18, Buffer.from(text));
}

function altName(text: string): Buffer {
  if (isIPv4(text)) return der(0x87, Buffer.from(text.split('.').map(Number)));
  if (isIPv6(text)) return der(0x87, ipv6(text));
  if (text.includes('@')) return der(0x81, Buffer.from(text));
  return der(text.includes(':') ? 0x86 : 0x82, Buffer.from(text));
}

function ipv6(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined): string[] => (part ?? '').split(':').filter(Boolean);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function extensions(options: CertificateOptions, publicKey: Buffer): Buffer {
  const { authority = false, usage = 'both', altNames = [] } = options;
  const list = [
    sequence(oid(OIDS.basicConstraints), TRUE, octets(sequence(...(authority ? [TRUE] : [])))),
    sequence(
      oid(OIDS.keyUsage),
      TRUE,
      octets(bits(Buffer.from([authority ? 0x06 : 0x80]), authority ? 1 : 7)),
    ),
    sequence(oid(OIDS.subjectKeyId), octets(octets(createHash('sha1').update(publicKey).digest()))),
  ];
  if (!authority) {
    const purposes = {
      client: [OIDS.clientAuth],
      server: [OIDS.serverAuth],
      both: [OIDS.serverAuth, OIDS.clientAuth],
    };
    list.push(sequence(oid(OIDS.extKeyUsage), octets(sequence(...purposes[usage].map(oid)))));
  }
  if (altNames.length > 0) {
    list.push(sequence(oid(OIDS.subjectAltName), octets(sequence(...altNames.map(altName)))));
  }
  return der(0xa3, sequence(...list));
}

/** The raw subject of a certificate, copied so that issuer and subject match byte by byte. */
const subjects = new WeakMap<X509Certificate, Buffer>();

/** A certificate on a P-256 key. */
export function createCertificate(options: CertificateOptions): TestCertificate {
  const privateKey = options.keyOf?.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const publicKey = createPublicKey(privateKey);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const algorithm = sequence(oid(OIDS.ecdsaWithSha256));
  const subject = name(options);
  const issuer = options.issuer === undefined ? subject : (subjects.get(options.issuer.x509) ?? subject);
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([0x11]), randomBytes(12)),
    algorithm,
    issuer,
    sequence(time(now + (options.notBefore ?? -DAY)), time(now + (options.notAfter ?? DAY))),
    subject,
    spki,
    extensions(options, spki),
  );
  const certificate = sequence(
    body,
    algorithm,
    bits(sign('sha256', body, options.issuer?.key ?? privateKey)),
  );
  const x509 = new X509Certificate(certificate);
  subjects.set(x509, subject);
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { certPem: x509.toString(), keyPem: String(keyPem), x509, key: privateKey };
}

/** A self-signed authority. */
export function createAuthority(commonName: string): TestCertificate {
  return createCertificate({ commonName, authority: true });
}

/** The public key of a certificate as a JWK, as self_signed_tls_client_auth registers it (RFC 8705 §2.2.2). */
export function certificateJwk(certificate: TestCertificate): Record<string, unknown> {
  const jwk = createPublicKey(certificate.certPem).export({ format: 'jwk' });
  return { ...jwk, x5c: [certificate.x509.raw.toString('base64')] };
}

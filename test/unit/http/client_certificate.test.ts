import { describe, expect, it } from '@jest/globals';
import {
  certificateFromHeader,
  certificatesOf,
  ClientAuthorities,
} from '../../../src/http/client_certificate.js';
import { createAuthority, createCertificate } from '../../support/certificates.js';

const root = createAuthority('root');
const other = createAuthority('root');
const intermediate = createCertificate({ commonName: 'intermediate', authority: true, issuer: root });
const HOUR = 3_600_000;

describe('authorities of clients', () => {
  const authorities = new ClientAuthorities(
    certificatesOf(`${root.certPem}\n# note\n${intermediate.certPem}`),
  );
  const vouches = (certificate: { x509: Parameters<ClientAuthorities['vouchesFor']>[0] }, now = Date.now()) =>
    authorities.vouchesFor(certificate.x509, now);

  it('vouch for what a root or an intermediate below it issued', () => {
    expect(vouches(createCertificate({ commonName: 'a', issuer: root }))).toBe(true);
    expect(vouches(createCertificate({ commonName: 'a', issuer: intermediate, usage: 'client' }))).toBe(true);
  });

  it('do not vouch for the self-signed, for another authority of the same name, or for an intermediate alone', () => {
    expect(vouches(createCertificate({ commonName: 'a' }))).toBe(false);
    expect(vouches(createCertificate({ commonName: 'a', issuer: other }))).toBe(false);
    const alone = new ClientAuthorities([intermediate.x509]);
    const leaf = createCertificate({ commonName: 'a', issuer: intermediate });
    expect(alone.vouchesFor(leaf.x509, Date.now())).toBe(false);
  });

  it('do not vouch for what a certificate that is no authority issued', () => {
    const leaf = createCertificate({ commonName: 'leaf', issuer: root });
    const forged = createCertificate({ commonName: 'a', issuer: leaf });
    expect(new ClientAuthorities([root.x509, leaf.x509]).vouchesFor(forged.x509, Date.now())).toBe(false);
  });

  it('do not vouch for server certificates, nor before or after the time', () => {
    expect(vouches(createCertificate({ commonName: 'a', issuer: root, usage: 'server' }))).toBe(false);
    const leaf = createCertificate({ commonName: 'a', issuer: root, notBefore: -HOUR, notAfter: HOUR });
    expect([-2, 0, 2].map((h) => vouches(leaf, Date.now() + h * HOUR))).toEqual([false, true, false]);
  });
});

describe('the certificate in a header', () => {
  const { x509, certPem } = createCertificate({ commonName: 'orders' });

  it('is URL-encoded PEM or RFC 9440', () => {
    const rfc9440 = `:${x509.raw.toString('base64')}:`;
    for (const header of [encodeURIComponent(certPem), rfc9440]) {
      expect(certificateFromHeader(header)?.fingerprint256).toBe(x509.fingerprint256);
    }
    expect(certificateFromHeader('')).toBeUndefined();
  });

  it.each([
    'x',
    '::',
    ':!!!:',
    ':AAAA:',
    '%',
    '%E0%A4%A',
    encodeURIComponent('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    x509.raw.toString('base64'),
    `:${x509.raw.toString('base64')}:, :${x509.raw.toString('base64')}:`,
  ])('is refused when it is %.40j', (header) => {
    expect(() => certificateFromHeader(header)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

/** Client authentication by certificate (RFC 8705 §2): by subject under a trusted authority, or by a registered key. */
import { createPublicKey, type X509Certificate } from 'node:crypto';
import type { JWK } from 'jose';
import type { RegisteredClient, TlsSubject } from '../clients/index.js';
import { equalText } from '../lib/constant_time.js';
import { normalAddress } from '../lib/networks.js';

/** What the connection proved: possession of the key; `chainVerified` says whether an authority vouches for the name. */
export interface PresentedCertificate {
  readonly x509: X509Certificate;
  readonly chainVerified: boolean;
}

/** The `x5t#S256` confirmation of a certificate (RFC 8705 §3.1). */
export function certificateThumbprint(certificate: X509Certificate): string {
  return Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
}

/** tls_client_auth (RFC 8705 §2.1): a verified chain and the one subject that is registered. */
export function matchesSubject(client: RegisteredClient, certificate: PresentedCertificate): boolean {
  if (!certificate.chainVerified || !client.tlsSubject) return false;
  const { kind, value } = client.tlsSubject;
  return subjects(certificate.x509, kind).some((subject) => equalText(subject, normal(kind, value)));
}

const SAN_LABELS = { san_dns: 'DNS:', san_uri: 'URI:', san_ip: 'IP Address:', san_email: 'email:' } as const;

function subjects(x509: X509Certificate, kind: TlsSubject['kind']): string[] {
  if (kind === 'subject_dn') return [normal(kind, x509.subject)];
  const label = SAN_LABELS[kind];
  // Node quotes an entry that holds a comma or a quote, so that entries cannot be forged inside one another; such are not matched.
  return (x509.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith(label) && !entry.includes('"'))
    .map((entry) => normal(kind, entry.slice(label.length)));
}

function normal(kind: TlsSubject['kind'], value: string): string {
  if (kind === 'san_dns' || kind === 'san_email') return value.toLowerCase();
  // Node writes every group of an IPv6 address out, and people do not.
  if (kind === 'san_ip') return normalAddress(value) ?? value;
  return kind === 'subject_dn' ? normalDn(value) : value;
}

/**
 * Node prints a DN with its most general part first, RFC 4514 with its most specific; the parts are compared as a list.
 * The names of attributes have no case (RFC 4512 §1.4), their values do.
 */
function normalDn(value: string): string {
  const parts = value.includes('\n') ? value.split('\n').reverse() : value.split(/(?<!\\),\s*/);
  return parts
    .map((part) => part.trim().replace(/^([^=]*?)\s*=\s*/, (_, type: string) => `${type.toUpperCase()}=`))
    .join(',');
}

/** self_signed_tls_client_auth (RFC 8705 §2.2): the certificate, or its key, is among the registered keys. */
export function matchesKey(keys: readonly JWK[], certificate: PresentedCertificate, nowMs: number): boolean {
  const { x509 } = certificate;
  if (Date.parse(x509.validFrom) > nowMs || nowMs > Date.parse(x509.validTo)) return false;
  const raw = x509.raw.toString('base64');
  const spki = x509.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  return keys.some((jwk) => {
    const chain = jwk.x5c?.[0];
    if (chain !== undefined) return equalText(chain, raw);
    return equalText(spkiOf(jwk) ?? '', spki);
  });
}

/** Undefined for what is no public key: a document at a jwks_uri may hold anything. */
function spkiOf(jwk: JWK): string | undefined {
  try {
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    return key.export({ format: 'der', type: 'spki' }).toString('base64');
  } catch {
    return undefined;
  }
}

/**
 * The certificate that a client proved to hold, from TLS or from a trusted proxy's header (RFC 8705, RFC 9440). Owns its
 * parsing and the check of its chain; knows nothing of clients.
 */
import { X509Certificate } from 'node:crypto';
import { GatehouseError } from '../errors.js';

export interface ClientCertificate {
  readonly x509: X509Certificate;
  /** Whether an authority of GATEHOUSE_TLS_CLIENT_CA_FILE stands behind it, as tls_client_auth demands. */
  readonly chainVerified: boolean;
}

const MAX_CHAIN = 8;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ONE_PEM = /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;
const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** All certificates of a PEM text. @throws when one cannot be read */
export function certificatesOf(pem: string): X509Certificate[] {
  return (pem.match(PEM_BLOCK) ?? []).map((block) => new X509Certificate(block));
}

/** The authorities that may vouch for clients: roots, and intermediates that lead to one of them. */
export class ClientAuthorities {
  readonly #certificates: readonly X509Certificate[];

  constructor(certificates: readonly X509Certificate[]) {
    this.#certificates = certificates;
  }

  /** Whether a chain of valid authorities leads from a certificate to a root, for the purpose of client authentication. */
  vouchesFor(certificate: X509Certificate, nowMs: number): boolean {
    // X509Certificate.keyUsage lists the extended usages; none means any (RFC 5280 §4.2.1.12). Its type forgets that.
    const usages = certificate.keyUsage as string[] | undefined;
    if (usages !== undefined && !usages.includes(CLIENT_AUTH)) return false;
    let current = certificate;
    for (let depth = 0; depth < MAX_CHAIN; depth += 1) {
      if (!isCurrent(current, nowMs)) return false;
      // A renewed authority stands beside its expired self, with the same name and key.
      const issuer = this.#certificates.find(
        (candidate) =>
          candidate.ca &&
          isCurrent(candidate, nowMs) &&
          current.checkIssued(candidate) &&
          current.verify(candidate.publicKey),
      );
      if (issuer === undefined) return false;
      if (issuer.checkIssued(issuer)) return true;
      current = issuer;
    }
    return false;
  }
}

function isCurrent(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
}

/**
 * The certificate in a proxy's header: RFC 9440 (`:base64 of DER:`) or URL-encoded PEM. Undefined when it is empty.
 * @throws GatehouseError `invalid_request` when it is neither
 */
export function certificateFromHeader(value: string): X509Certificate | undefined {
  if (value === '') return undefined;
  try {
    if (value.startsWith(':') && value.endsWith(':') && value.length > 2) {
      const base64 = value.slice(1, -1);
      if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new TypeError('not base64');
      return new X509Certificate(Buffer.from(base64, 'base64'));
    }
    const pem = decodeURIComponent(value);
    if (!ONE_PEM.test(pem)) throw new TypeError('not PEM');
    return new X509Certificate(pem);
  } catch (cause) {
    throw new GatehouseError('invalid_request', 'the client certificate cannot be read', {
      detail: 'the header of the proxy is neither RFC 9440 nor URL-encoded PEM',
      cause,
    });
  }
}

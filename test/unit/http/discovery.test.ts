/** What the metadata offers to clients with certificates: only what this configuration can check. */
import { describe, expect, it } from '@jest/globals';
import { metadata, type CertificateSupport } from '../../../src/http/public/discovery.js';

describe('authentication methods in the metadata (RFC 8705 §3.3)', () => {
  it.each<[string, CertificateSupport, string[]]>([
    ['no certificates', { shown: false, chains: false }, []],
    ['a header, and no authorities', { shown: true, chains: false }, ['self_signed_tls_client_auth']],
    [
      'certificates and authorities',
      { shown: true, chains: true },
      ['tls_client_auth', 'self_signed_tls_client_auth'],
    ],
  ])('with %s', (_, certificates, offered) => {
    const document = metadata('https://id.example.com', certificates);
    for (const endpoint of ['token', 'introspection', 'revocation']) {
      const methods = document[`${endpoint}_endpoint_auth_methods_supported`] as string[];
      expect(methods.filter((method) => method.includes('tls'))).toEqual(offered);
    }
    expect(document['tls_client_certificate_bound_access_tokens']).toBe(
      certificates.shown ? true : undefined,
    );
  });
});

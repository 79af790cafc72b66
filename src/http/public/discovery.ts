/** The metadata documents (OIDC Discovery §3, RFC 8414 §2), made once from the configured issuer and never from a request. */
import { SIGNING_ALGS } from '../../apis/index.js';
import { ASSERTION_ALGS } from '../../clients/index.js';
import { DPOP_ALGS } from '../../tokens/index.js';

export const PATHS = {
  openidConfiguration: '/.well-known/openid-configuration',
  authorizationServer: '/.well-known/oauth-authorization-server',
  jwks: '/jwks',
  token: '/token',
  introspection: '/introspect',
  revocation: '/revoke',
} as const;

/** How clients can show certificates to this server. */
export interface CertificateSupport {
  /** On its own TLS connections, or by a proxy's header. */
  readonly shown: boolean;
  /** Whether there are authorities to check chains against; without them only self-signed certificates are of use. */
  readonly chains: boolean;
}

export function metadata(issuer: string, certificates: CertificateSupport): Record<string, unknown> {
  const methods = [
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
    ...(certificates.shown && certificates.chains ? ['tls_client_auth'] : []),
    ...(certificates.shown ? ['self_signed_tls_client_auth'] : []),
  ];
  return {
    issuer,
    token_endpoint: issuer + PATHS.token,
    jwks_uri: issuer + PATHS.jwks,
    introspection_endpoint: issuer + PATHS.introspection,
    revocation_endpoint: issuer + PATHS.revocation,
    // No interactive grant is served, and so no response type: RFC 8414 §2 wants the list all the same.
    response_types_supported: [],
    grant_types_supported: ['client_credentials'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: SIGNING_ALGS,
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    introspection_signing_alg_values_supported: ['ES256'],
    revocation_endpoint_auth_methods_supported: [...methods, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    dpop_signing_alg_values_supported: DPOP_ALGS,
    ...(certificates.shown ? { tls_client_certificate_bound_access_tokens: true } : {}),
  };
}

/** Who may use the admin plane: bearers of tokens that Gatehouse itself issued for the admin audience (RFC 6750 §2.1). */
import { ADMIN_AUDIENCE } from '../apis/index.js';
import { certificateThumbprint } from '../authentication/index.js';
import { GatehouseError } from '../errors.js';
import type { AdminAuthentication } from '../http/admin/index.js';
import { equalText } from '../lib/constant_time.js';
import type { DpopVerifier, TokenInspector } from '../tokens/index.js';

const BEARER = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i;

export function adminAccess(inspector: TokenInspector, dpop: DpopVerifier) {
  return async (request: AdminAuthentication): Promise<{ clientId: string; scopes: ReadonlySet<string> }> => {
    const match = BEARER.exec(request.authorization ?? '');
    if (!match)
      throw new GatehouseError(
        'invalid_token',
        'a bearer token for the audience urn:gatehouse:admin is needed',
      );
    const [, scheme = '', token = ''] = match;
    const found = await inspector.inspect(token);
    if (found?.claims.aud !== ADMIN_AUDIENCE) {
      throw new GatehouseError(
        'invalid_token',
        'the token is expired, revoked, malformed, or for another audience',
      );
    }
    const { cnf, client_id: clientId, scope = '' } = found.claims;
    if (cnf?.jkt !== undefined) {
      if (scheme.toLowerCase() !== 'dpop' || request.dpop === undefined) {
        throw new GatehouseError('invalid_token', 'the token is bound to a DPoP key; send it with a proof');
      }
      const { jkt } = await dpop.verify({
        proof: request.dpop,
        method: request.method,
        url: request.url,
        accessToken: token,
      });
      if (!equalText(jkt, cnf.jkt))
        throw new GatehouseError('invalid_token', 'the proof is not of the key that the token is bound to');
    }
    if (cnf?.['x5t#S256'] !== undefined) {
      const certificate = request.certificate;
      if (!certificate || !equalText(certificateThumbprint(certificate.x509), cnf['x5t#S256'])) {
        throw new GatehouseError(
          'invalid_token',
          'the token is bound to a client certificate that was not shown',
        );
      }
    }
    return { clientId, scopes: new Set(scope.split(' ').filter(Boolean)) };
  };
}

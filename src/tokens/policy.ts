/** Who may learn about a token, and who may end it. */
import { TOKENS_AUDIENCE } from '../apis/index.js';
import type { RegisteredClient } from '../clients/index.js';
import type { TokenClaims } from './types.js';

const holds = (client: RegisteredClient, right: string): boolean =>
  client.grants.some(({ audience, scopes }) => audience === TOKENS_AUDIENCE && scopes.includes(right));

/** Only the resource server in the token's audience, or a client granted the right. */
export function mayIntrospect(client: RegisteredClient, claims: TokenClaims): boolean {
  return client.serves.includes(claims.aud) || holds(client, 'introspect');
}

/** The client that it was issued to (RFC 7009 §2.1), the resource server in its audience, or a client granted the right. */
export function mayRevoke(client: RegisteredClient, claims: TokenClaims): boolean {
  return claims.client_id === client.id || client.serves.includes(claims.aud) || holds(client, 'revoke');
}

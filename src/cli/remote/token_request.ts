/** Asks for a token with client credentials (RFC 6749 §4.4, RFC 8707, RFC 9449 §5). */
import type { Shell } from '../shell.js';
import { tokenShape, type Metadata, type TokenAnswer } from '../wire.js';
import { jsonOf, oauthFailure, parsed } from './answers.js';
import { authenticate, type ClientCredentials } from './client_authentication.js';
import { dpopProof, type DpopKey } from './dpop.js';
import { exchange, type Answer } from './http.js';

export interface TokenRequest {
  readonly metadata: Metadata;
  readonly credentials: ClientCredentials;
  /** Audience of the API; without it the server takes the only one that fits. */
  readonly resource?: string | undefined;
  /** Space-separated; without it all that is granted. */
  readonly scope?: string | undefined;
  readonly dpop?: DpopKey | undefined;
}

/** @throws CliFailure with the server's reason when it refuses */
export async function requestToken(shell: Shell, request: TokenRequest, hint?: string): Promise<TokenAnswer> {
  let answer = await attempt(shell, request);
  const nonce = answer.headers.get('dpop-nonce');
  if (answer.status === 400 && nonce !== null && answer.text.includes('use_dpop_nonce'))
    answer = await attempt(shell, request, nonce);
  if (answer.status !== 200) throw oauthFailure(answer, 'the token endpoint', hint);
  return parsed(tokenShape, jsonOf(answer), 'the token endpoint');
}

async function attempt(shell: Shell, request: TokenRequest, nonce?: string): Promise<Answer> {
  const { metadata, credentials, resource, scope, dpop } = request;
  const url = metadata.token_endpoint;
  const proof = await authenticate(credentials, metadata.issuer, shell.now());
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...proof.form });
  if (resource !== undefined) body.set('resource', resource);
  if (scope !== undefined && scope !== '') body.set('scope', scope);
  return exchange(shell, {
    method: 'POST',
    url,
    headers: {
      ...proof.headers,
      'content-type': 'application/x-www-form-urlencoded',
      ...(dpop === undefined ? {} : { dpop: await dpopProof(dpop, 'POST', url, shell.now(), nonce) }),
    },
    body: body.toString(),
  });
}

/** How errors leave the public plane: RFC 6749 §5.2, with the status, challenge and delay that belong to each. */
import type Koa from 'koa';
import { GatehouseError, type ErrorCode } from '../../errors.js';
import { TooManyHeaders } from '../request_headers.js';
import { printable } from './form.js';

const STATUS: Partial<Record<ErrorCode, number>> = {
  invalid_client: 401,
  not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  server_error: 500,
  temporarily_unavailable: 503,
};

/** Codes of Gatehouse that OAuth does not know leave as the nearest one that it does. */
const OAUTH_CODE: Partial<Record<ErrorCode, ErrorCode>> = {
  not_found: 'invalid_request',
  validation_failed: 'invalid_request',
  method_not_allowed: 'invalid_request',
  payload_too_large: 'invalid_request',
  unsupported_media_type: 'invalid_request',
  rate_limited: 'temporarily_unavailable',
};

/** @param realm the issuer, named in the challenge of a 401 (RFC 7235 §4.1) */
export function renderOAuthError(realm: string): (ctx: Koa.Context, error: unknown) => void {
  return (ctx, error) => {
    if (ctx.headerSent) return;
    const known = error instanceof GatehouseError && error.code !== 'server_error' ? error : undefined;
    const code = known?.code ?? 'server_error';
    ctx.status = error instanceof TooManyHeaders ? 431 : (STATUS[code] ?? 400);
    ctx.set('Cache-Control', 'no-store');
    if (ctx.status === 401) ctx.set('WWW-Authenticate', `Basic realm="${realm}", charset="UTF-8"`);
    if (known?.retryAfter !== undefined) ctx.set('Retry-After', String(known.retryAfter));
    // What is left of a body that was refused is not read: the connection ends with the answer.
    if (ctx.status === 413) ctx.set('Connection', 'close');
    const description = known?.message ?? 'something went wrong on our side';
    const requestId = ctx.response.get('X-Request-Id');
    ctx.body = {
      error: error instanceof TooManyHeaders ? 'invalid_request' : (OAUTH_CODE[code] ?? code),
      error_description: printable(`${description} (request ${requestId})`.replaceAll('"', "'")),
    };
  };
}

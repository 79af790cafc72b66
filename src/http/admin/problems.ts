/** Errors of the admin API as problem details (RFC 9457). Tells the caller what GatehouseError calls public, nothing else. */
import { GatehouseError, type ErrorCode } from '../../errors.js';
import type { GatehouseContext } from '../request_context.js';

const STATUS: Partial<Record<ErrorCode, number>> = {
  invalid_token: 401,
  invalid_client: 401,
  invalid_dpop_proof: 401,
  insufficient_scope: 403,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  validation_failed: 422,
  idempotency_mismatch: 422,
  rate_limited: 429,
  server_error: 500,
  temporarily_unavailable: 503,
};

/** Answers with the problem; `scope` is what the route needs. */
export function renderProblem(ctx: GatehouseContext, error: unknown, scope?: string): void {
  const known = error instanceof GatehouseError && error.code !== 'server_error' ? error : undefined;
  const code = known?.code ?? 'server_error';
  const status = STATUS[code] ?? 400;
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  if (status === 401) ctx.set('WWW-Authenticate', 'Bearer realm="gatehouse-admin", error="invalid_token"');
  if (code === 'insufficient_scope' && scope !== undefined) {
    ctx.set('WWW-Authenticate', `Bearer error="insufficient_scope", scope="${scope}"`);
  }
  if (known?.retryAfter !== undefined) ctx.set('Retry-After', String(known.retryAfter));
  ctx.body = JSON.stringify({
    type: `urn:gatehouse:problem:${code}`,
    title: code.replaceAll('_', ' '),
    status,
    detail: known?.message ?? 'something went wrong on our side; the request id leads to the reason',
    requestId: ctx.state.requestId,
    ...(known && known.faults.length > 0 ? { errors: known.faults } : {}),
  });
  ctx.set('Content-Type', 'application/problem+json');
}

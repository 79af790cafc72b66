/**
 * Errors of the admin API as problem details (RFC 9457). The one mapping of codes to statuses on this plane. Tells the
 * caller what GatehouseError calls public, nothing else.
 */
import { ScopeMissing } from '../../administration/index.js';
import { GatehouseError, type ErrorCode } from '../../errors.js';
import type { GatehouseContext } from '../request_context.js';
import { TooManyHeaders } from '../request_headers.js';

/** Codes that occur on this plane; all others are a malformed request. */
export const STATUS = {
  invalid_request: 400,
  validation_failed: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  insufficient_scope: 403,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  rate_limited: 429,
  server_error: 500,
  temporarily_unavailable: 503,
} as const satisfies Partial<Record<ErrorCode, number>>;

const TITLES: Readonly<Partial<Record<ErrorCode, string>>> = {
  validation_failed: 'Some fields are not valid',
  not_found: 'Not found',
  conflict: 'It conflicts with what is there',
  precondition_failed: 'It was changed in the meantime',
  insufficient_scope: 'The token lacks a scope',
  forbidden: 'More power is needed',
  invalid_token: 'A valid token is needed',
  idempotency_mismatch: 'The Idempotency-Key stands for another request',
  temporarily_unavailable: 'Try again shortly',
  server_error: 'Something went wrong',
};

export const UNEXPECTED = 'something went wrong on our side; the request id leads to the reason';

/** Answers with the problem and notes it in the event of the request. Never throws. */
export function renderProblem(ctx: GatehouseContext, raised: unknown): void {
  if (ctx.headerSent) return;
  const many = raised instanceof TooManyHeaders;
  const error = many ? new GatehouseError('invalid_request', raised.message) : raised;
  note(ctx, error);
  const known = error instanceof GatehouseError && error.code !== 'server_error' ? error : undefined;
  const code = known?.code ?? 'server_error';
  const status = many ? 431 : code in STATUS ? STATUS[code as keyof typeof STATUS] : 400;
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  const challenge = challengeOf(ctx, code, error);
  if (challenge !== undefined) ctx.set('WWW-Authenticate', challenge);
  if (known?.retryAfter !== undefined) ctx.set('Retry-After', String(known.retryAfter));
  if (code === 'payload_too_large') ctx.set('Connection', 'close');
  ctx.body = JSON.stringify({
    type: `urn:gatehouse:problem:${code}`,
    title: TITLES[code] ?? code.replaceAll('_', ' '),
    status,
    detail: known?.message ?? UNEXPECTED,
    requestId: ctx.state.requestId,
    ...(known && known.faults.length > 0 ? { errors: known.faults } : {}),
  });
  // After the body: Koa gives a text its own type. problem+json has no charset parameter.
  ctx.set('Content-Type', 'application/problem+json');
}

function note({ state: { event } }: GatehouseContext, error: unknown): void {
  if (error instanceof GatehouseError && error.code !== 'server_error') {
    event.errorCode = error.code;
    event.errorDetail = error.detail ?? error.message;
  } else {
    event.errorCode = 'server_error';
    event.error = error;
  }
}

/** RFC 6750 §3: without credentials there is no error to name; a missing scope is named. */
function challengeOf(ctx: GatehouseContext, code: ErrorCode, error: unknown): string | undefined {
  const given = ctx.get('authorization');
  const scheme = /^dpop /i.test(given) ? 'DPoP' : 'Bearer';
  const realm = `${scheme} realm="gatehouse-admin"`;
  if (code === 'invalid_token' || code === 'invalid_dpop_proof') {
    return given === '' ? realm : `${realm}, error="${code}"`;
  }
  if (code !== 'insufficient_scope') return undefined;
  const scope = error instanceof ScopeMissing ? `, scope="${error.scopes.join(' ')}"` : '';
  return `${realm}, error="insufficient_scope"${scope}`;
}

/** The last answer: for errors that no route and no plane turned into a response. Tells the caller nothing but a code. */
import type Koa from 'koa';
import { GatehouseError } from '../errors.js';
import { TooManyHeaders } from './request_headers.js';

/** Answers with JSON in the shape of OAuth errors (RFC 6749 §5.2). */
export function renderFailure(ctx: Koa.Context, error: unknown): void {
  if (ctx.headerSent) return;
  const { status, code, description, retryAfter } = failureOf(error);
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter));
  ctx.body = { error: code, error_description: description };
}

interface Failure {
  readonly status: number;
  readonly code: string;
  readonly description: string;
  readonly retryAfter?: number | undefined;
}

const UNEXPECTED: Failure = {
  status: 500,
  code: 'server_error',
  description: 'something went wrong on our side; the request id leads to the reason',
};

function failureOf(error: unknown): Failure {
  if (error instanceof TooManyHeaders) {
    return { status: 431, code: 'invalid_request', description: error.message };
  }
  if (!(error instanceof GatehouseError)) return UNEXPECTED;
  const { code, message: description, retryAfter } = error;
  if (code === 'server_error') return UNEXPECTED;
  return { status: code === 'temporarily_unavailable' ? 503 : 400, code, description, retryAfter };
}

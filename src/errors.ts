/**
 * The one error type of the project. It owns the closed set of codes and the split between what a caller may read
 * and what only an operator may read. It does not know HTTP or SQL: the edges map codes to statuses.
 */

/** Error codes. The first group are OAuth error codes (RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5), sent as they are. */
export const ERROR_CODES = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_token_type',
  'invalid_scope',
  'invalid_target',
  'invalid_dpop_proof',
  'invalid_token',
  'insufficient_scope',
  'temporarily_unavailable',
  'server_error',
  // The rest are Gatehouse's own, used on the admin plane and at the door of both planes.
  'validation_failed',
  'not_found',
  'conflict',
  'precondition_failed',
  'idempotency_mismatch',
  'forbidden',
  'rate_limited',
  'method_not_allowed',
  'payload_too_large',
  'unsupported_media_type',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** One wrong field of an input. `pointer` is an RFC 6901 JSON Pointer into the body, or `query/name`. */
export interface FieldFault {
  readonly pointer: string;
  readonly message: string;
}

export interface ErrorOptions {
  /** For operators: goes to the log, never to the caller. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** Wrong fields, each by name; shown to the caller. */
  readonly faults?: readonly FieldFault[];
  /** Seconds after which the caller may try again; becomes Retry-After. */
  readonly retryAfter?: number;
}

/**
 * A failure with a stable code, a public sentence and a private detail.
 * `message` is public by contract: it never holds a secret, a token or the text of a lower layer's error.
 */
export class GatehouseError extends Error {
  override readonly name = 'GatehouseError';
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly faults: readonly FieldFault[];
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.faults = options.faults ?? [];
    this.retryAfter = options.retryAfter;
  }
}

/** A dependency is away: 503 with Retry-After, and nothing was done. */
export function unavailable(what: string, cause?: unknown): GatehouseError {
  return new GatehouseError(
    'temporarily_unavailable',
    `${what} is not available at the moment; try again shortly`,
    {
      cause,
      retryAfter: 2,
    },
  );
}

/**
 * The one log event of a request: filled while the request proceeds, written at its end. Field names follow the
 * OpenTelemetry semantic conventions where one exists. Never holds a secret, a token or a query string.
 */
import type { ErrorCode } from '../errors.js';
import { errorFields } from './error_fields.js';

const MAX_TEXT = 512;

export class RequestEvent {
  readonly plane: string;
  readonly method: string;
  /** Without the query, which can carry codes and tokens. */
  readonly path: string;
  readonly requestId: string;
  readonly traceId: string | null;
  readonly clientAddress: string;
  endpoint = 'other';
  status = 0;
  /** Seconds from the first header to the answer. */
  duration = 0;

  // What handlers add as they learn it.
  clientId: string | undefined;
  authMethod: string | undefined;
  grantType: string | undefined;
  audience: string | undefined;
  scope: string | undefined;
  tokenFormat: string | undefined;
  /** The OAuth or Gatehouse error code that was answered. */
  errorCode: ErrorCode | undefined;
  /** For operators: what exactly was wrong. */
  errorDetail: string | undefined;
  /** What was thrown and not expected. */
  error: unknown;

  constructor(start: {
    readonly plane: string;
    readonly method: string;
    readonly path: string;
    readonly requestId: string;
    readonly traceId: string | null;
    readonly clientAddress: string;
  }) {
    this.plane = start.plane;
    this.method = start.method;
    this.path = start.path;
    this.requestId = start.requestId;
    this.traceId = start.traceId;
    this.clientAddress = start.clientAddress;
  }
}

/** Texts that are their own JSON: printable ASCII without quote and backslash. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function text(name: string, value: string | null | undefined): string {
  if (value === undefined || value === null) return '';
  const short = value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}...` : value;
  return `,"${name}":${PLAIN.test(short) ? `"${short}"` : JSON.stringify(short)}`;
}

/**
 * The event as one line of JSON, newline included. Written here and not by the logger, which takes four times as long for
 * a line of this size; the set of fields is closed, so there is nothing to redact by name.
 */
export function requestLine(event: RequestEvent, time: string): string {
  const line =
    `{"level":"${event.status >= 500 ? 'error' : 'info'}","time":"${time}","service.name":"gatehouse","message":"request"` +
    text('request.id', event.requestId) +
    text('trace_id', event.traceId) +
    text('client.address', event.clientAddress) +
    text('http.request.method', event.method) +
    text('url.path', event.path) +
    `,"http.response.status_code":${event.status},"http.server.request.duration":${event.duration}` +
    text('gatehouse.plane', event.plane) +
    text('gatehouse.endpoint', event.endpoint) +
    text('gatehouse.client_id', event.clientId) +
    text('gatehouse.auth_method', event.authMethod) +
    text('gatehouse.grant_type', event.grantType) +
    text('gatehouse.audience', event.audience) +
    text('gatehouse.scope', event.scope) +
    text('gatehouse.token_format', event.tokenFormat) +
    text('error.type', event.errorCode) +
    text('gatehouse.error_detail', event.errorDetail);
  if (event.error === undefined) return `${line}}\n`;
  return `${line},${JSON.stringify(errorFields(event.error)).slice(1)}\n`;
}

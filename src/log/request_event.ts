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

const cut = (text: string | undefined): string | undefined =>
  text !== undefined && text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;

/**
 * The event as one line of JSON, newline included. It is encoded here and not by the logger, which costs twice as much
 * per line; the set of fields is closed, so there is nothing to redact by name.
 */
export function requestLine(event: RequestEvent, time: string): string {
  const { error } = event;
  return `${JSON.stringify({
    level: event.status >= 500 ? 'error' : 'info',
    time,
    'service.name': 'gatehouse',
    message: 'request',
    'request.id': event.requestId,
    trace_id: event.traceId ?? undefined,
    'client.address': event.clientAddress,
    'http.request.method': event.method,
    'url.path': cut(event.path),
    'http.response.status_code': event.status,
    'http.server.request.duration': event.duration,
    'gatehouse.plane': event.plane,
    'gatehouse.endpoint': event.endpoint,
    'gatehouse.client_id': cut(event.clientId),
    'gatehouse.auth_method': event.authMethod,
    'gatehouse.grant_type': cut(event.grantType),
    'gatehouse.audience': cut(event.audience),
    'gatehouse.scope': cut(event.scope),
    'gatehouse.token_format': event.tokenFormat,
    'error.type': event.errorCode,
    'gatehouse.error_detail': cut(event.errorDetail),
    ...(error === undefined ? undefined : errorFields(error)),
  })}\n`;
}

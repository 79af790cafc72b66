/**
 * The log: JSON lines for everything that happens, by severity, and one event per request. Owns the shape of a record
 * and its redaction; knows nothing of HTTP.
 */
import pino, { type Logger as PinoLogger } from 'pino';
import { errorFields } from './error_fields.js';
import { REDACTED, REDACTED_PATHS, redactRecord } from './redaction.js';
import { requestLine, type RequestEvent } from './request_event.js';
import type { LogSink } from './sink.js';

export type Logger = PinoLogger;

export interface LogOptions {
  /** Least severity that is written; `silent` writes nothing. */
  readonly level: string;
  /** Whether requests that went well are logged; those answered with 400 and above always are. */
  readonly accessLog: boolean;
  readonly sink: LogSink;
}

export interface Log {
  readonly logger: Logger;
  /** Writes the event of a request that has ended. */
  request(event: RequestEvent): void;
  flush(): Promise<void>;
  flushSync(): void;
}

export function createLog(options: LogOptions): Log {
  const { sink, accessLog } = options;
  const logger = pino(
    {
      level: options.level,
      base: { 'service.name': 'gatehouse', 'process.pid': process.pid },
      messageKey: 'message',
      errorKey: 'error',
      timestamp: () => `,"time":"${timestamp()}"`,
      formatters: { level: (level) => ({ level }), log: redactRecord },
      redact: { paths: REDACTED_PATHS, censor: REDACTED },
      serializers: { error: errorFields, err: errorFields },
    },
    sink,
  );
  return {
    logger,
    request: (event) => {
      const failed = event.status >= 400;
      if (!failed && !accessLog) return;
      if (!logger.isLevelEnabled(event.status >= 500 ? 'error' : 'info')) return;
      sink.write(requestLine(event, timestamp()));
    },
    flush: () => sink.flush(),
    flushSync: () => sink.flushSync(),
  };
}

let lastMs = 0;
let lastText = '';

/** RFC 3339 in UTC; made anew once a millisecond. */
function timestamp(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastText = new Date(now).toISOString();
  }
  return lastText;
}

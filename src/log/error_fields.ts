/** An error as fields of a log record, by the OpenTelemetry names. Lists what is shown: no other property of an error leaks. */
import { GatehouseError } from '../errors.js';
import { redactText } from './redaction.js';

const MAX_CAUSES = 5;

export interface ErrorFields {
  readonly 'exception.type': string;
  readonly 'exception.message': string;
  /** Gatehouse's own code, or that of Node or the database. */
  readonly 'exception.code'?: string;
  /** The private detail of a GatehouseError. */
  readonly 'exception.detail'?: string;
  readonly 'exception.stacktrace'?: string;
  readonly 'exception.causes'?: readonly string[];
}

/** Describes anything thrown. Stack traces are left out for expected errors, which say where they come from by code. */
export function errorFields(thrown: unknown): ErrorFields {
  if (!(thrown instanceof Error)) {
    return { 'exception.type': typeof thrown, 'exception.message': 'something that is no error was thrown' };
  }
  const expected = thrown instanceof GatehouseError;
  const code = codeOf(thrown);
  const causes = causesOf(thrown);
  const stack = expected && thrown.code !== 'server_error' ? undefined : thrown.stack;
  return {
    'exception.type': thrown.name,
    'exception.message': redactText(thrown.message),
    ...(code === undefined ? {} : { 'exception.code': code }),
    ...(expected && thrown.detail !== undefined ? { 'exception.detail': redactText(thrown.detail) } : {}),
    ...(stack === undefined ? {} : { 'exception.stacktrace': redactText(stack) }),
    ...(causes.length === 0 ? {} : { 'exception.causes': causes }),
  };
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  let cause = error.cause;
  while (cause instanceof Error && causes.length < MAX_CAUSES) {
    const code = codeOf(cause);
    causes.push(redactText(`${cause.name}${code === undefined ? '' : ` ${code}`}: ${cause.message}`));
    cause = cause.cause;
  }
  return causes;
}

/** A failed start, told to a person in one sentence on standard error. */
import { GatehouseError } from '../errors.js';
import { redactText } from '../log/redaction.js';

/** What went wrong, in one line and without secrets. */
export function describeFailure(error: unknown): string {
  const parts =
    error instanceof GatehouseError
      ? [error.message, error.detail, reasonOf(error.cause)]
      : ['an unexpected error', reasonOf(error)];
  const [sentence = '', ...reasons] = new Set(parts.filter((part) => part !== undefined && part !== ''));
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  return redactText(`${sentence}${why}`).replace(/\s+/g, ' ');
}

/** Of the innermost cause, which says what really happened; aggregates of failed connections have no message of their own. */
function reasonOf(error: unknown): string | undefined {
  let innermost = error;
  for (let depth = 0; depth < 5 && innermost instanceof Error; depth += 1) {
    const next: unknown = innermost instanceof AggregateError ? innermost.errors[0] : innermost.cause;
    if (!(next instanceof Error)) break;
    innermost = next;
  }
  if (!(innermost instanceof Error)) return undefined;
  return innermost.message === '' ? innermost.name : innermost.message;
}

export function tellFailure(error: unknown): void {
  process.stderr.write(`gatehouse: ${describeFailure(error)}\n`);
}

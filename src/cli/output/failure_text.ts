/** Shows a failure: for people a few lines, for programs one JSON document. Both on stderr. */
import type { CliFailure } from '../failure.js';
import type { Paint } from './terminal.js';
import { jsonText, visible, visibleLines } from './visible.js';

export function failureText(failure: CliFailure, paint: Paint): string {
  const lines = [`${paint('red', 'error:')} ${visibleLines(failure.message)}`];
  for (const fault of failure.faults)
    lines.push(`  ${paint('bold', visible(fault.pointer))}: ${visible(fault.message)}`);
  if (failure.requestId !== undefined) lines.push(paint('dim', `request id: ${visible(failure.requestId)}`));
  if (failure.hint !== undefined) lines.push(`${paint('yellow', 'hint:')} ${visibleLines(failure.hint)}`);
  return lines.join('\n');
}

/** `{"error": {code, message, status?, errors?, requestId?, hint?}}` */
export function failureJson(failure: CliFailure): string {
  return jsonText({
    error: {
      code: failure.code,
      message: failure.message,
      status: failure.status,
      errors: failure.faults.length === 0 ? undefined : failure.faults,
      requestId: failure.requestId,
      hint: failure.hint,
    },
  });
}

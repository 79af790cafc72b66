/** How a verb fails: one sentence, what to do about it, and an exit code. Knows nothing of where it is shown. */
import type { FieldFault } from '../errors.js';

/** Exit codes (DESIGN §5): 0 done, 1 refused or failed, 2 wrong usage (and drift, for `apply --dry-run --exit-code`). */
export const EXIT = { done: 0, failed: 1, usage: 2, drift: 2 } as const;

export interface CliFailureOptions {
  readonly exitCode?: 1 | 2;
  /** A stable word for programs: the code of a problem, an OAuth error, or one of the CLI's own. */
  readonly code?: string;
  /** What the person at the keyboard can do now. */
  readonly hint?: string | undefined;
  /** HTTP status, when a server answered. */
  readonly status?: number | undefined;
  readonly faults?: readonly FieldFault[] | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** The message may hold text of a server and is made harmless where it is shown; it never holds a secret. */
export class CliFailure extends Error {
  override readonly name: string = 'CliFailure';
  readonly exitCode: 1 | 2;
  readonly code: string;
  readonly hint: string | undefined;
  readonly status: number | undefined;
  readonly faults: readonly FieldFault[];
  readonly requestId: string | undefined;

  constructor(message: string, options: CliFailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.code = options.code ?? 'failed';
    this.hint = options.hint;
    this.status = options.status;
    this.faults = options.faults ?? [];
    this.requestId = options.requestId;
  }
}

/** Wrong usage: exit code 2. */
export function usageFailure(message: string, hint?: string): CliFailure {
  return new CliFailure(message, { exitCode: EXIT.usage, code: 'usage', hint });
}

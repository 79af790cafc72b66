/** What the benchmark tells its load generator, and what it hears back. */

/** One stretch of load against one server on the loopback interface. */
export interface LoadJob {
  readonly port: number;
  readonly connections: number;
  /** File with the raw requests as a JSON array of texts; each connection takes the next one in turn. */
  readonly requestsFile: string;
  /** Text that a right answer's body holds; the first answer of every connection is checked for it. */
  readonly expect: string;
  /** Upper bound of the stretch. */
  readonly seconds: number;
  /** Stop after this many answers, if sooner; null for no such bound. */
  readonly answers: number | null;
}

export interface LoadResult {
  readonly answers: number;
  /** Answers with a status other than 200, wrong first answers, and connections lost. */
  readonly failures: number;
  /** The first failure in words; empty when there was none. */
  readonly firstFailure: string;
  readonly elapsedSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of one core that the generator itself took; near 1 it was the bottleneck. */
  readonly generatorCpu: number;
}

export type LoadReply =
  { readonly ok: true; readonly result: LoadResult } | { readonly ok: false; readonly error: string };

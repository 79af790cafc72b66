/** Runs one load job from beginning to end and counts. */
import { readFileSync } from 'node:fs';
import { LoadConnection } from './connection.js';
import type { LoadJob, LoadResult } from './job.js';

/** Latencies in buckets of 10 microseconds, up to one second. */
const BUCKET_US = 10;
const BUCKETS = 100_000;

class Tally {
  answers = 0;
  failures = 0;
  firstFailure = '';
  readonly #buckets = new Uint32Array(BUCKETS);

  answer(microseconds: number): void {
    this.answers += 1;
    const bucket = Math.min(BUCKETS - 1, Math.floor(microseconds / BUCKET_US));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  fail(what: string): void {
    this.failures += 1;
    if (this.firstFailure === '') this.firstFailure = what.slice(0, 300);
  }

  /** Milliseconds under which the given share of the answers came. */
  quantile(share: number): number {
    let left = this.answers * share;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      left -= this.#buckets[bucket] ?? 0;
      if (left <= 0) return ((bucket + 1) * BUCKET_US) / 1000;
    }
    return (BUCKETS * BUCKET_US) / 1000;
  }
}

const loaded = new Map<string, Buffer[]>();

function requestsOf(file: string): Buffer[] {
  let requests = loaded.get(file);
  if (requests === undefined) {
    requests = (JSON.parse(readFileSync(file, 'utf8')) as string[]).map((text) => Buffer.from(text));
    loaded.set(file, requests);
  }
  if (requests.length === 0) throw new RangeError(`no requests in ${file}`);
  return requests;
}

/** Where each file's rotation stands, so that a stretch goes on where the one before it ended. */
const rotations = new Map<string, number>();

/** Answers when the time or the number of answers is up, or when every connection is lost. */
export function runStretch(job: LoadJob): Promise<LoadResult> {
  const requests = requestsOf(job.requestsFile);
  const tally = new Tally();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const limit = job.answers ?? Number.POSITIVE_INFINITY;
  let position = rotations.get(job.requestsFile) ?? 0;
  let sent = 0;
  let open = job.connections;
  return new Promise((resolve) => {
    const connections: LoadConnection[] = [];
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      const elapsedSeconds = (performance.now() - startedAt) / 1000;
      const cpu = process.cpuUsage(cpuBefore);
      for (const connection of connections) connection.close();
      rotations.set(job.requestsFile, position);
      resolve({
        answers: tally.answers,
        failures: tally.failures,
        firstFailure: tally.firstFailure,
        elapsedSeconds,
        p50Ms: tally.quantile(0.5),
        p99Ms: tally.quantile(0.99),
        generatorCpu: (cpu.user + cpu.system) / 1e6 / elapsedSeconds,
      });
    };
    const timer = setTimeout(end, job.seconds * 1000);
    const events = {
      next: (): Buffer | undefined => {
        if (ended || sent >= limit) return undefined;
        sent += 1;
        position = (position + 1) % requests.length;
        return requests[position];
      },
      answered: (status: string, body: string | undefined, microseconds: number): void => {
        if (ended) return;
        if (status !== '200') tally.fail(`status ${status}: ${body ?? ''}`);
        else if (body !== undefined && !body.includes(job.expect)) tally.fail(`not as expected: ${body}`);
        tally.answer(microseconds);
        if (tally.answers >= limit) end();
      },
      lost: (reason: string): void => {
        if (ended) return;
        tally.fail(reason);
        open -= 1;
        if (open === 0) end();
      },
    };
    for (let i = 0; i < job.connections; i += 1) connections.push(new LoadConnection(job.port, events));
  });
}

/** Takes the measurements: a warm-up of each, then rounds in which they take turns. */
import type { LoadGenerator } from './load/client.js';
import type { LoadJob } from './load/job.js';
import type { ManagedProcess } from './servers/process.js';

/** One thing to measure: a server, a path and its requests. */
export interface Subject {
  readonly id: string;
  readonly label: string;
  readonly server: ManagedProcess;
  readonly port: number;
  readonly requestsFile: string;
  /** How many different requests take turns; the warm-up sends each at least once. */
  readonly rotation: number;
  readonly expect: string;
}

export interface Sample {
  readonly requestsPerSecond: number;
  /** Microseconds of the server's CPU time per request; undefined where it cannot be read. */
  readonly cpuMicroseconds: number | undefined;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMiB: number | undefined;
  readonly generatorCpu: number;
}

export interface Measured {
  readonly subject: Subject;
  /** The first pass over the rotation, with cold caches. */
  readonly cold: Sample;
  readonly samples: readonly Sample[];
}

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Longest time that the warm-up of one subject may take. */
const WARM_UP_SECONDS = 60;
/** What a server still does for the load before must not be counted against the next: it is waited for, within bounds. */
const SETTLED_SHARE = 0.05;
const SETTLE_LOOK_MS = 200;
const SETTLE_MS = 6000;

async function settle(subjects: readonly Subject[]): Promise<void> {
  const busy = (): number => subjects.reduce((sum, { server }) => sum + (server.usage().cpuSeconds ?? 0), 0);
  const deadline = Date.now() + SETTLE_MS;
  for (let before = busy(); Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_LOOK_MS));
    const after = busy();
    if (after - before < (SETTLED_SHARE * SETTLE_LOOK_MS) / 1000) return;
    before = after;
  }
}

async function take(
  load: LoadGenerator,
  subject: Subject,
  job: Partial<LoadJob>,
  plan: Plan,
): Promise<Sample> {
  const before = subject.server.usage();
  const result = await load.run({
    port: subject.port,
    connections: plan.connections,
    requestsFile: subject.requestsFile,
    expect: subject.expect,
    seconds: plan.seconds,
    answers: null,
    ...job,
  });
  const after = subject.server.usage();
  if (result.failures > 0 || result.answers === 0)
    throw new Error(
      `${subject.label}: ${result.failures} failures of ${result.answers}: ${result.firstFailure}`,
    );
  const cpu =
    before.cpuSeconds === undefined || after.cpuSeconds === undefined
      ? undefined
      : ((after.cpuSeconds - before.cpuSeconds) * 1e6) / result.answers;
  return {
    requestsPerSecond: result.answers / result.elapsedSeconds,
    cpuMicroseconds: cpu,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    rssMiB: after.rssMiB,
    generatorCpu: result.generatorCpu,
  };
}

/** Measures all subjects; throws when any answer is wrong, since a rate of errors is no result. */
export async function measure(
  load: LoadGenerator,
  subjects: readonly Subject[],
  plan: Plan,
  progress: (line: string) => void,
): Promise<Measured[]> {
  const all: { subject: Subject; cold: Sample; samples: Sample[] }[] = [];
  for (const subject of subjects) {
    progress(`warm-up: ${subject.label}`);
    const pass = { seconds: WARM_UP_SECONDS, answers: subject.rotation };
    const cold = await take(load, subject, pass, plan);
    await take(load, subject, {}, plan);
    all.push({ subject, cold, samples: [] });
  }
  for (let round = 1; round <= plan.rounds; round += 1) {
    progress(`round ${round} of ${plan.rounds}`);
    for (const entry of all) {
      await settle(subjects);
      entry.samples.push(await take(load, entry.subject, {}, plan));
    }
  }
  return all;
}

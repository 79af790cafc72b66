/** The report as text. */
import type { Measured, Sample } from '../measure.js';
import type { Registration } from '../servers/gatehouse.js';
import type { Ratio } from './ratios.js';
import { median, spread } from './statistics.js';

/** Above this share of a core the load generator may have been the bottleneck. */
const GENERATOR_LIMIT = 0.95;

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const fixed = (value: number | undefined, digits: number): string =>
  value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits);

function middle(
  samples: readonly Sample[],
  pick: (sample: Sample) => number | undefined,
): number | undefined {
  const values = samples.map(pick).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

export function measurementsTable(all: readonly Measured[]): string {
  const head = ['path', 'req/s', '+-', 'CPU us/req', 'p50 ms', 'p99 ms', 'RSS MiB', 'cold req/s', 'load CPU'];
  const rows = all.map(({ subject, cold, samples }) => {
    const rates = samples.map((sample) => sample.requestsPerSecond);
    return [
      subject.label,
      fixed(median(rates), 0),
      `${fixed(spread(rates) * 100, 0)}%`,
      fixed(
        middle(samples, (sample) => sample.cpuMicroseconds),
        1,
      ),
      fixed(
        middle(samples, (sample) => sample.p50Ms),
        2,
      ),
      fixed(
        middle(samples, (sample) => sample.p99Ms),
        2,
      ),
      fixed(
        middle(samples, (sample) => sample.rssMiB),
        0,
      ),
      fixed(cold.requestsPerSecond, 0),
      `${fixed((middle(samples, (sample) => sample.generatorCpu) ?? Number.NaN) * 100, 0)}%`,
    ];
  });
  return table([head, ...rows]);
}

export function ratiosTable(all: readonly Ratio[]): string {
  const rows = all.map(({ label, value, range, target }) => [
    label,
    `${fixed(value, 2)}x`,
    `${fixed(range[0], 2)}-${fixed(range[1], 2)}`,
    target === undefined ? '-' : `>= ${target}x`,
    target === undefined ? '' : value >= target ? 'met' : 'not met',
  ]);
  return table([['ratio of medians', '', 'rounds', 'target', ''], ...rows]);
}

export function registrationsTable(all: readonly Registration[]): string {
  const rows = all.map((one) => [
    String(one.clients),
    fixed(one.applySeconds, 2),
    fixed(one.secretSeconds, 2),
    fixed(one.rssBeforeMiB, 0),
    fixed(one.rssAfterMiB, 0),
  ]);
  return table([['clients', 'apply s', 'secrets s', 'RSS before', 'RSS after MiB'], ...rows]);
}

/** Sentences about what makes the figures doubtful; empty when nothing does. */
export function doubts(all: readonly Measured[], pinned: boolean): string[] {
  const busy = all.filter(({ samples }) => samples.some((sample) => sample.generatorCpu > GENERATOR_LIMIT));
  return [
    ...(pinned ? [] : ['taskset is not there: server and load generator share the cores as they fall.']),
    ...busy.map(
      ({ subject }) => `${subject.label}: the load generator was at its limit; the server may be faster.`,
    ),
  ];
}

/** The command line of the benchmark. Knows nothing of what is measured. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** How often each measurement is taken, in turn with all others. */
  readonly rounds: number;
  /** Seconds of each measurement. */
  readonly seconds: number;
  /** Numbers of registered clients to compare, ascending; the first is the base of the comparison. */
  readonly clients: readonly number[];
  /** Keep-alive connections of the load generator. */
  readonly connections: number;
  /** File that takes all figures as JSON. */
  readonly json: string | undefined;
}

export const USAGE = `npm run bench -- [options]

  --rounds N        measurements of each path, taken in turn (default 5, at most 50)
  --seconds S       seconds of each measurement (default 3, at most 60)
  --clients A,B,C   numbers of registered clients to compare (default 1,1000,100000)
  --connections N   keep-alive connections (default 32, at most 512)
  --quick           2 rounds of 1 second with 1 and 1000 clients, unless said otherwise
  --json FILE       write every figure to FILE
  --help            print this

Gatehouse runs on the stores that TEST_DATABASE_URL and TEST_REDIS_URL (or DATABASE_URL and REDIS_URL) name,
and on the embedded store without them. In PostgreSQL the benchmark makes databases of its own and drops them.`;

function bounded(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < min || value > max)
    throw new RangeError(`--${name} must be a number from ${min} to ${max}`);
  return value;
}

function clientCounts(text: string): number[] {
  const counts = text.split(',').map((item) => Math.trunc(bounded('clients', item, 1, 1_000_000)));
  return [...new Set(counts)].sort((a, b) => a - b);
}

/** Reads the arguments; undefined when help was asked for. Throws RangeError or TypeError with a sentence on a bad one. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      clients: { type: 'string' },
      connections: { type: 'string', default: '32' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const quick = values.quick;
  return {
    rounds: Math.trunc(bounded('rounds', values.rounds ?? (quick ? '2' : '5'), 1, 50)),
    seconds: bounded('seconds', values.seconds ?? (quick ? '1' : '3'), 0.1, 60),
    clients: clientCounts(values.clients ?? (quick ? '1,1000' : '1,1000,100000')),
    connections: Math.trunc(bounded('connections', values.connections, 1, 512)),
    json: values.json,
  };
}

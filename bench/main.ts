/**
 * The ruler: Gatehouse beside its references on this machine, in this run, one process each on the same core, with the
 * load generator on another. Prints rates, CPU time, memory and the ratios that the design sets targets for; judges no
 * absolute time. Ends 1 when a server fails or answers wrongly, 2 on wrong usage, and 0 whatever the ratios are.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadGenerator } from './load/client.js';
import { measure } from './measure.js';
import { readOptions, USAGE, type BenchOptions } from './options.js';
import { doubts, measurementsTable, ratiosTable, registrationsTable } from './report/print.js';
import { comparisons, ratios } from './report/ratios.js';
import { canPin, stopAll } from './servers/process.js';
import { describeStores, findStores } from './servers/stores.js';
import { Setup } from './setup.js';

const LOAD_CORE = availableParallelism() > 1 ? 1 : 0;
const progress = (line: string): void => void process.stderr.write(`${line}\n`);

async function run(options: BenchOptions, scratch: string, setup: Setup): Promise<void> {
  const stores = findStores(process.env);
  const load = new LoadGenerator(LOAD_CORE);
  const subjects = await setup.prepare(options.clients, stores, progress);
  const measured = await measure(load, subjects, options, progress);
  const compared = ratios(measured, comparisons(options.clients));
  const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.versions.node}`;
  const text = [
    `Gatehouse on ${describeStores(stores)}; ${machine}; ${options.rounds} rounds of ${options.seconds} s, ${options.connections} connections`,
    measurementsTable(measured),
    'Registering clients (apply: one request; secrets: one request each, 16 at a time)',
    registrationsTable(setup.registrations),
    ratiosTable(compared),
    ...doubts(measured, canPin),
  ].join('\n\n');
  process.stdout.write(`${text}\n`);
  if (options.json !== undefined) {
    const samples = measured.map(({ subject: { id, label }, cold, samples }) => ({
      id,
      label,
      cold,
      samples,
    }));
    const report = {
      machine,
      stores: describeStores(stores),
      options,
      measured: samples,
      registrations: setup.registrations,
      ratios: compared,
    };
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  await load.stop();
  rmSync(scratch, { recursive: true, force: true });
}

async function main(): Promise<number> {
  let options: BenchOptions | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const setup = new Setup(scratch);
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`interrupted by ${signal}`)));
  });
  try {
    await Promise.race([run(options, scratch, setup), interrupted]);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    await setup.remove();
    await stopAll();
    rmSync(scratch, { recursive: true, force: true });
  }
}

process.exitCode = await main();

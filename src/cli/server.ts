/**
 * The one file of the CLI that reaches into the server: running it, migrating its schema, recovering its administrator.
 * Imports lazily, so that the verbs that only speak HTTP load neither database nor web server.
 */
import { readFileSync } from 'node:fs';
import type { openForMaintenance } from '../compose.js';
import { ConfigurationError } from '../config/faults.js';
import { loadSettings, type LoadedSettings } from '../config/load.js';
import type { Environment } from '../config/sources.js';
import { GatehouseError } from '../errors.js';
import { CliFailure, EXIT } from './failure.js';
import { serverEnvironment } from './remote/admin_file.js';

/** Runs the server in this process until it is told to stop; sets the exit code itself. */
export async function runServer(env: Environment): Promise<void> {
  const [{ compose }, { serve }] = await Promise.all([
    import('../compose.js'),
    import('../process/index.js'),
  ]);
  await serve(compose, serverEnvironment(env));
}

/** @throws CliFailure (wrong usage) with every fault of the configuration */
export function settingsOf(env: Environment): LoadedSettings {
  try {
    return loadSettings(serverEnvironment(env), (path) => readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new CliFailure(error.message, {
      exitCode: EXIT.usage,
      code: 'configuration',
      hint: 'every setting is in docs/configuration.md',
    });
  }
}

export interface MigrationOutcome {
  /** File names of the migrations that were run, or with a dry run would be. */
  readonly migrations: readonly string[];
}

/** @throws CliFailure when the database is away, in use or newer than this release */
export async function migrateSchema(env: Environment, dryRun: boolean): Promise<MigrationOutcome> {
  return maintained(env, async (maintenance) => ({
    migrations: dryRun ? await maintenance.pending() : await maintenance.migrate(),
  }));
}

/** @throws CliFailure when the database is away or in use */
export async function recoverAdministrator(env: Environment): Promise<{ readonly path: string }> {
  return maintained(env, (maintenance) => maintenance.recoverAdministrator());
}

type Maintenance = Awaited<ReturnType<typeof openForMaintenance>>;

async function maintained<T>(env: Environment, work: (maintenance: Maintenance) => Promise<T>): Promise<T> {
  const { settings } = settingsOf(env);
  const { openForMaintenance: open } = await import('../compose.js');
  const { describeFailure } = await import('../process/index.js');
  try {
    const maintenance = await open(settings);
    try {
      return await work(maintenance);
    } finally {
      await maintenance.close();
    }
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    const code = error instanceof GatehouseError ? error.code : 'failed';
    throw new CliFailure(describeFailure(error), { code, cause: error });
  }
}

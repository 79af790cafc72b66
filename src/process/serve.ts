/** The server as a process: settings, then one node or a cluster of them. Exit codes: 0 done, 1 failed, 2 wrong settings. */
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { ConfigurationError } from '../config/faults.js';
import { loadSettings, type LoadedSettings } from '../config/load.js';
import type { Environment } from '../config/sources.js';
import { workerCount } from '../config/worker_count.js';
import { createLog } from '../log/logger.js';
import { openSink } from '../log/sink.js';
import type { Compose } from './contract.js';
import { runNode } from './node.js';
import { supervise } from './supervisor.js';

const EXIT_WRONG_SETTINGS = 2;
/** The primary waits longer than its workers take at most. */
const STOP_GRACE_SECONDS = 10;

/** Runs until it is told to stop; ends the process itself. */
export async function serve(compose: Compose, env: Environment): Promise<void> {
  const loaded = settingsOrExit(env);
  if (loaded === undefined) return;
  const { settings, warnings } = loaded;
  const log = createLog({ level: settings.logLevel, accessLog: settings.accessLog, sink: openSink() });
  if (cluster.isPrimary) for (const warning of warnings) log.logger.warn(warning);
  const workers = workerCount(settings);
  if (workers > 1 && cluster.isPrimary) {
    supervise({ workers, stopTimeout: settings.shutdownTimeout + STOP_GRACE_SECONDS, log });
  } else {
    await runNode(compose, settings, log);
  }
}

function settingsOrExit(env: Environment): LoadedSettings | undefined {
  try {
    return loadSettings(env, (path) => readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`gatehouse: ${error.message}\n`);
    process.exitCode = EXIT_WRONG_SETTINGS;
    return undefined;
  }
}

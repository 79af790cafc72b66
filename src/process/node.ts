/** One serving process, alone or as a worker: start, signals, crash, end. Knows nothing of what is served. */
import cluster from 'node:cluster';
import type { Settings } from '../config/schema.js';
import { Metrics } from '../http/metrics.js';
import type { Log } from '../log/logger.js';
import { workerMetrics } from './cluster_metrics.js';
import type { Compose, Gatehouse } from './contract.js';
import { tellFailure } from './failure.js';
import { announce, type ReadyMessage } from './ready.js';

/** What closing may take beyond the time that requests in flight have: the audit queue, the stores. */
const CLOSE_GRACE_MS = 5000;

export async function runNode(compose: Compose, settings: Settings, log: Log): Promise<void> {
  const metrics = new Metrics();
  metrics.watchProcess();
  const metricsText = cluster.isWorker ? workerMetrics(metrics) : () => metrics.text();
  exitOnCrash(log);
  const stop = stopRequests(log);
  let gatehouse: Gatehouse | undefined;
  try {
    gatehouse = await compose(settings, { log, metrics, metricsText });
    const urls = await gatehouse.listen();
    if (cluster.isWorker) process.send?.({ gatehouse: 'ready', ...urls } satisfies ReadyMessage);
    else announce(urls, log.logger);
  } catch (error) {
    tellFailure(error);
    log.logger.debug({ error }, 'the start failed');
    await gatehouse?.close().catch(() => undefined);
    await exit(log, 1);
    return;
  }
  await stop;
  await exit(log, await shutDown(gatehouse, settings, log));
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
function stopRequests(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: string): void => {
      if (!asked) log.logger.info({ signal }, 'shutting down');
      // The primary ends a worker that has to go at once; here a second signal is the same one, sent to the whole group.
      else if (!cluster.isWorker) {
        log.flushSync();
        process.exit(1);
      }
      asked = true;
      resolve();
    };
    process.on('SIGTERM', stop);
    // On Ctrl-C the terminal signals workers too, but the primary decides.
    process.on('SIGINT', cluster.isWorker ? () => undefined : stop);
  });
}

async function shutDown(gatehouse: Gatehouse, settings: Settings, log: Log): Promise<number> {
  const limitMs = settings.shutdownTimeout * 1000 + CLOSE_GRACE_MS;
  let timer: NodeJS.Timeout | undefined;
  // The timer also keeps the process alive: with nothing left to do it would end before closing is known to be done.
  const limit = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'late');
  });
  try {
    gatehouse.drain();
    if ((await Promise.race([gatehouse.close(), limit])) !== 'late') return 0;
    log.logger.error('closing took too long; what was pending may be lost');
  } catch (error) {
    log.logger.error({ error }, 'closing failed');
  } finally {
    clearTimeout(timer);
  }
  return 1;
}

/** After an error that nobody expected the state of the process is unknown: it ends, and the supervisor starts another. */
function exitOnCrash(log: Log): void {
  const crash = (kind: string) => (error: unknown) => {
    log.logger.fatal({ error }, kind);
    void exit(log, 1);
  };
  process.once('uncaughtException', crash('uncaught exception'));
  process.once('unhandledRejection', crash('unhandled rejection'));
}

async function exit(log: Log, code: number): Promise<void> {
  await log.flush();
  process.exit(code);
}

/**
 * The primary of a cluster: starts workers, replaces those that die, passes on the end. It composes nothing and connects
 * to nothing, so that there is little in it that could fail.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Log } from '../log/logger.js';
import { primaryMetrics } from './cluster_metrics.js';
import { announce, isReadyMessage } from './ready.js';

export interface SupervisorOptions {
  readonly workers: number;
  /** Seconds that a worker has to end after SIGTERM, beyond which it is killed. */
  readonly stopTimeout: number;
  readonly log: Log;
}

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 30_000;
/** A worker that lived so long is no failed start. */
const STABLE_MS = 60_000;
/** With no worker left, so many failed starts in a row end the process: its own supervisor should know. */
const MAX_FAILED_STARTS = 5;

export function supervise(options: SupervisorOptions): void {
  // `json` would turn the NaN of a metric into null.
  cluster.setupPrimary({ serialization: 'advanced' });
  primaryMetrics();
  new Supervisor(options).start();
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #readyAt = new Map<number, number>();
  #announced = false;
  #stopping = false;
  #failures = 0;
  #killed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  start(): void {
    cluster.on('message', (worker, message: unknown) => {
      if (isReadyMessage(message)) this.#ready(worker, message);
    });
    cluster.on('exit', (worker, code, signal) => this.#exited(worker, code, signal));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#stop(signal));
    // One first: it migrates and bootstraps, and a fault that all would meet is told once.
    cluster.fork();
  }

  #ready(worker: Worker, urls: { publicUrl: string; adminUrl: string }): void {
    this.#readyAt.set(worker.id, Date.now());
    const first = this.#readyAt.size === 1 && !this.#announced;
    if (first) for (let i = 1; i < this.#options.workers; i += 1) cluster.fork();
    if (this.#announced || this.#readyAt.size < this.#options.workers) return;
    this.#announced = true;
    announce(urls, this.#options.log.logger);
  }

  #exited(worker: Worker, code: number | null, signal: string | null): void {
    const { logger } = this.#options.log;
    const readyAt = this.#readyAt.get(worker.id);
    this.#readyAt.delete(worker.id);
    const left = Object.keys(cluster.workers ?? {}).length;
    if (this.#stopping) {
      this.#killed ||= code !== 0;
      if (left === 0) this.#exit(this.#killed ? 1 : 0);
      return;
    }
    if (readyAt !== undefined && Date.now() - readyAt > STABLE_MS) this.#failures = 0;
    this.#failures += 1;
    const facts = { 'process.pid': worker.process.pid, 'process.exit.code': code, signal };
    if (!this.#announced || (left === 0 && this.#failures >= MAX_FAILED_STARTS)) {
      logger.fatal(facts, 'a worker died at its start; giving up');
      this.#killed = true;
      this.#stop('failed start');
      if (left === 0) this.#exit(1);
      return;
    }
    const delay = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.#failures - 1));
    logger.error({ ...facts, delay_ms: delay }, 'a worker died; starting another');
    setTimeout(() => {
      if (!this.#stopping) cluster.fork();
    }, delay);
  }

  #stop(reason: string): void {
    const { log, stopTimeout } = this.#options;
    if (this.#stopping) {
      this.#killAll();
      return;
    }
    this.#stopping = true;
    log.logger.info({ reason }, 'shutting down');
    const workers = Object.values(cluster.workers ?? {});
    if (workers.length === 0) this.#exit(this.#killed ? 1 : 0);
    for (const worker of workers) worker?.process.kill('SIGTERM');
    setTimeout(() => this.#killAll(), stopTimeout * 1000).unref();
  }

  #killAll(): void {
    this.#killed = true;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
  }

  #exit(code: number): void {
    void this.#options.log.flush().then(() => process.exit(code));
  }
}

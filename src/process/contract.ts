/** What the process and the composition root agree on. */
import type { Settings } from '../config/schema.js';
import type { Metrics } from '../http/metrics.js';
import type { Log } from '../log/logger.js';

/** A composed server. */
export interface Gatehouse {
  /** Opens both planes; resolves with their URLs when both accept connections. */
  listen(): Promise<{ readonly publicUrl: string; readonly adminUrl: string }>;
  /** From now on /readyz answers 503; everything else goes on. */
  drain(): void;
  /** Stops accepting, lets requests in flight finish within the shutdown timeout, records what is pending, disconnects. */
  close(): Promise<void>;
}

/** What the process gives to the composition root. */
export interface ProcessParts {
  readonly log: Log;
  readonly metrics: Metrics;
  /** What /metrics answers: the figures of this process, or the sum over all workers. */
  readonly metricsText: () => Promise<string>;
}

/**
 * Builds everything from settings.
 * @throws GatehouseError whose message is a sentence for the operator
 */
export type Compose = (settings: Settings, parts: ProcessParts) => Promise<Gatehouse>;

/**
 * /metrics of a cluster: the worker that got the scrape asks the primary, which asks every worker and adds up. Figures of
 * a worker that does not answer in time are left out, because a partial answer is worth more than none.
 */
import { randomUUID } from 'node:crypto';
import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import type { Metrics } from '../http/metrics.js';

const COLLECT_TIMEOUT_MS = 2000;
const ANSWER_TIMEOUT_MS = 4000;
const MAX_PENDING = 100;

type Figures = Awaited<ReturnType<Metrics['registry']['getMetricsAsJSON']>>;
type Message =
  | { readonly gatehouse: 'metrics?'; readonly id: string }
  | { readonly gatehouse: 'metrics'; readonly id: string; readonly text: string }
  | { readonly gatehouse: 'figures?'; readonly id: string }
  | { readonly gatehouse: 'figures'; readonly id: string; readonly figures: Figures };

const isMessage = (message: unknown): message is Message =>
  typeof message === 'object' && message !== null && 'gatehouse' in message;

/** In a worker: answers the primary's questions, and asks for the sum. */
export function workerMetrics(metrics: Metrics): () => Promise<string> {
  const pending = new Map<string, (text: string) => void>();
  process.on('message', (message) => {
    if (!isMessage(message)) return;
    if (message.gatehouse === 'metrics') pending.get(message.id)?.(message.text);
    if (message.gatehouse !== 'figures?') return;
    const { id } = message;
    void metrics.registry
      .getMetricsAsJSON()
      .then((figures) => process.send?.({ gatehouse: 'figures', id, figures } satisfies Message));
  });
  return () => {
    // The sum is for a few scrapers; whoever asks more often than it can be made gets this worker's own figures.
    if (pending.size >= MAX_PENDING || !process.connected) return metrics.text();
    return new Promise((resolve) => {
      const id = randomUUID();
      const done = (text: string | Promise<string>): void => {
        pending.delete(id);
        clearTimeout(limit);
        resolve(text);
      };
      const limit = setTimeout(() => done(metrics.text()), ANSWER_TIMEOUT_MS);
      pending.set(id, done);
      process.send?.({ gatehouse: 'metrics?', id } satisfies Message);
    });
  };
}

/** In the primary: serves the workers' questions for the sum. */
export function primaryMetrics(): void {
  const collections = new Map<string, (figures: Figures) => void>();
  cluster.on('message', (worker: Worker, message: unknown) => {
    if (!isMessage(message)) return;
    if (message.gatehouse === 'figures') collections.get(message.id)?.(message.figures);
    if (message.gatehouse !== 'metrics?') return;
    const { id } = message;
    void collect(collections)
      .then((all) => AggregatorRegistry.aggregate(all).metrics())
      .then((text) => send(worker, { gatehouse: 'metrics', id, text }));
  });
}

function collect(collections: Map<string, (figures: Figures) => void>): Promise<Figures[]> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected() === true);
  const id = randomUUID();
  const all: Figures[] = [];
  return new Promise((resolve) => {
    const done = (): void => {
      collections.delete(id);
      clearTimeout(limit);
      resolve(all);
    };
    const limit = setTimeout(done, COLLECT_TIMEOUT_MS);
    collections.set(id, (figures) => {
      all.push(figures);
      if (all.length === workers.length) done();
    });
    for (const worker of workers) if (worker) send(worker, { gatehouse: 'figures?', id });
  });
}

/** A worker can end between the look and the message; the timeout takes care of its answer. */
function send(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}

/** Runs expensive work a few at a time, with a bounded number waiting. Knows nothing of what the work is. */
import { unavailable } from '../errors.js';

export interface BoundedQueueOptions {
  /** How many run at once; at least 1. */
  readonly concurrency: number;
  /** How many may wait; at least 0. */
  readonly maxQueued: number;
  /** What is told not to be available when the queue is full. */
  readonly name?: string;
}

export class BoundedQueue {
  readonly #concurrency: number;
  readonly #maxQueued: number;
  readonly #name: string;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: BoundedQueueOptions) {
    const { concurrency, maxQueued } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1)
      throw new RangeError('concurrency must be 1 or more');
    if (!Number.isInteger(maxQueued) || maxQueued < 0) throw new RangeError('maxQueued must be 0 or more');
    this.#concurrency = concurrency;
    this.#maxQueued = maxQueued;
    this.#name = options.name ?? 'this operation';
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /**
   * Runs `work` when its turn comes, in order of arrival, and answers what it answers.
   * @throws GatehouseError `temporarily_unavailable` at once when the queue is full
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#concurrency) {
      this.#running += 1;
    } else {
      if (this.#waiting.length >= this.#maxQueued) throw unavailable(this.#name);
      // The one who ends hands over its place, so that nobody who comes in between can take it.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

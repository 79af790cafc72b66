/**
 * Follows the change feed: by signal at once, by a short poll in case one was missed. Owns the node's position and its
 * freshness; what a change means is the subscribers' business.
 */
import type { Clock } from '../lib/clock.js';
import type { Change, ChangeLog, Signals } from './ports.js';

export interface FeedSubscriber {
  /** Looks at one change; a rejection leaves the position where it was, and the change comes again. */
  changed(change: Change): void | Promise<void>;
  /** Forgets everything and starts afresh: changes were missed for good. */
  reset(): void | Promise<void>;
}

export interface ChangeFeedParts {
  readonly log: ChangeLog;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly pollMs: number;
  /** Told when reading fails (once per outage) and when it works again. */
  readonly onHealth: (error: unknown) => void;
}

/** The message by which nodes tell each other that the feed has grown. */
export const CHANGED_SIGNAL = 'changes';
const BATCH = 1000;

export class ChangeFeed {
  readonly #parts: ChangeFeedParts;
  readonly #subscribers: FeedSubscriber[] = [];
  #position = 0;
  #lastReadAt = 0;
  #reading: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(parts: ChangeFeedParts) {
    this.#parts = parts;
  }

  subscribe(subscriber: FeedSubscriber): void {
    this.#subscribers.push(subscriber);
  }

  /** Takes the present as read; call it before the subscribers load what they hold. */
  async begin(): Promise<void> {
    const startedAt = this.#parts.clock.now();
    this.#position = await this.#parts.log.head();
    this.#lastReadAt = startedAt;
  }

  follow(): void {
    this.#parts.signals.subscribe((message) => {
      if (message === CHANGED_SIGNAL) void this.catchUp();
    });
    this.#timer = setInterval(() => void this.catchUp(), this.#parts.pollMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Milliseconds since the feed was last known to be read to its end. */
  age(): number {
    return this.#parts.clock.now() - this.#lastReadAt;
  }

  /**
   * Resolves when every change committed before this call has been looked at, or reading failed. Never rejects. Calls
   * during a read share the one that follows it.
   */
  catchUp(): Promise<void> {
    if (!this.#reading) {
      this.#reading = this.#read().finally(() => (this.#reading = undefined));
      return this.#reading;
    }
    this.#again ??= this.#reading.then(() => {
      this.#again = undefined;
      return this.catchUp();
    });
    return this.#again;
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const startedAt = this.#parts.clock.now();
        const { changes, truncated } = await this.#parts.log.since(this.#position, BATCH);
        if (truncated) {
          this.#position = await this.#parts.log.head();
          for (const subscriber of this.#subscribers) await subscriber.reset();
        }
        for (const change of truncated ? [] : changes) {
          for (const subscriber of this.#subscribers) await subscriber.changed(change);
          this.#position = change.position;
        }
        if (truncated || changes.length < BATCH) {
          this.#lastReadAt = startedAt;
          break;
        }
      }
      if (this.#failing) this.#parts.onHealth(undefined);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#parts.onHealth(error);
      this.#failing = true;
    }
  }
}

/**
 * Records events in batches, so that issuing a token waits for no store. While the store is away batches go to the spool
 * and are replayed in order; an event has an id, so that a batch recorded twice is recorded once. When neither takes
 * events, `assertRecording` refuses what would go unrecorded (DESIGN §8).
 */
import { randomUUID } from 'node:crypto';
import { unavailable } from '../errors.js';
import type { Clock } from '../lib/clock.js';
import type { AuditSpool, AuditStore } from './ports.js';
import type { AuditEvent } from './types.js';

const FLUSH_MS = 200;
const BATCH = 1000;
const MAX_QUEUED = 50_000;

export type NewAuditEvent = Omit<AuditEvent, 'id' | 'at'>;

export class AuditRecorder {
  readonly #store: AuditStore;
  readonly #spool: AuditSpool;
  readonly #clock: Clock;
  readonly #onHealth: (error: unknown) => void;
  #queue: AuditEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #failing = false;
  #spoolRefused = false;

  constructor(parts: {
    readonly store: AuditStore;
    readonly spool: AuditSpool;
    readonly clock: Clock;
    readonly onHealth: (error: unknown) => void;
  }) {
    this.#store = parts.store;
    this.#spool = parts.spool;
    this.#clock = parts.clock;
    this.#onHealth = parts.onHealth;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  /** Takes an event; it is in the store or the spool within a moment. Never throws and never waits. */
  record(event: NewAuditEvent): void {
    if (this.#queue.length >= MAX_QUEUED) return;
    this.#queue.push({ id: randomUUID(), at: new Date(this.#clock.now()), ...event });
    if (this.#queue.length >= BATCH) void this.flush();
  }

  /** @throws GatehouseError `temporarily_unavailable` when an event of this moment could not be kept. */
  assertRecording(): void {
    if (this.#spoolRefused || this.#queue.length >= MAX_QUEUED) throw unavailable('the audit record');
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Writes what is queued; one flush at a time. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  /** Records what is left, to the store or the spool. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
    while (this.#queue.length > 0 && !this.#spoolRefused) await this.flush();
  }

  async #flush(): Promise<void> {
    const batch = this.#queue.slice(0, BATCH);
    try {
      await this.#replay();
      if (batch.length > 0) await this.#store.append(batch);
      this.#queue.splice(0, batch.length);
      this.#spoolRefused = false;
      this.#noteHealth(undefined);
    } catch (error) {
      this.#noteHealth(error);
      await this.#setAside(batch);
    }
  }

  async #replay(): Promise<void> {
    for (let waiting = await this.#spool.oldest(); waiting; waiting = await this.#spool.oldest()) {
      await this.#store.append(waiting.events);
      await waiting.drop();
    }
  }

  async #setAside(batch: readonly AuditEvent[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      await this.#spool.write(batch);
      this.#queue.splice(0, batch.length);
      this.#spoolRefused = false;
    } catch (error) {
      this.#spoolRefused = true;
      this.#onHealth(error);
    }
  }

  #noteHealth(error: unknown): void {
    if (error !== undefined || this.#failing) {
      if (error === undefined || !this.#failing) this.#onHealth(error);
      this.#failing = error !== undefined;
    }
  }
}

/**
 * Counts failed client authentications by (client, network) and by network. Only failures are counted, so that the path
 * of a good request makes no round trip; a correct generated secret is never refused, so that nobody's guesses lock the
 * real client out. Counts are shared through the ephemeral store and go on in this process while that is away.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../lib/clock.js';
import type { EphemeralStore, Signals } from '../registry/index.js';

export interface FailureLimits {
  /** Failures per window of one client from one network. */
  readonly perClient: number;
  /** Failures per window from one network over all clients. */
  readonly perNetwork: number;
}

export type LimitName = 'auth_failures_per_client' | 'auth_failures_per_network';

export interface Block {
  readonly limit: LimitName;
  /** Whole seconds until it ends, at least 1. */
  readonly retryAfter: number;
}

export const WINDOW_SECONDS = 60;
const MAX_ENTRIES = 50_000;
const MAX_IN_FLIGHT = 256;
const SIGNAL_PREFIX = 'block:';

export class FailureLimiter {
  readonly #ephemeral: EphemeralStore;
  readonly #signals: Signals;
  readonly #clock: Clock;
  readonly #limits: FailureLimits;
  readonly #local = new LRUCache<string, { count: number; until: number }>({ max: MAX_ENTRIES });
  readonly #blocked = new LRUCache<string, number>({ max: MAX_ENTRIES });
  #inFlight = 0;

  constructor(parts: {
    readonly ephemeral: EphemeralStore;
    readonly signals: Signals;
    readonly clock: Clock;
    readonly limits: FailureLimits;
  }) {
    this.#ephemeral = parts.ephemeral;
    this.#signals = parts.signals;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
    this.#signals.subscribe((message) => this.#heard(message));
  }

  /** The block that stands against further failures of this client from this network, if any. Asks no store. */
  block(clientId: string, network: string): Block | undefined {
    const now = this.#clock.now();
    for (const [limit, key] of keys(clientId, network)) {
      const until = this.#blocked.get(key);
      if (until !== undefined && until > now) return { limit, retryAfter: Math.ceil((until - now) / 1000) };
    }
    return undefined;
  }

  /** Notes a failure. Returns at once; the shared count follows in the background. */
  failed(clientId: string, network: string): void {
    for (const [limit, key] of keys(clientId, network)) {
      const max = limit === 'auth_failures_per_client' ? this.#limits.perClient : this.#limits.perNetwork;
      if (this.#countLocally(key) >= max) this.#blockKey(key);
      else this.#countShared(key, max);
    }
  }

  #countLocally(key: string): number {
    const now = this.#clock.now();
    const entry = this.#local.get(key);
    if (entry && entry.until > now) return ++entry.count;
    this.#local.set(key, { count: 1, until: now + WINDOW_SECONDS * 1000 });
    return 1;
  }

  #countShared(key: string, max: number): void {
    if (this.#inFlight >= MAX_IN_FLIGHT) return;
    this.#inFlight += 1;
    this.#ephemeral
      .increment(`limit:${key}`, WINDOW_SECONDS)
      .then((count) => {
        if (count >= max) this.#blockKey(key);
      })
      // The store is away: the local count goes on alone.
      .catch(() => undefined)
      .finally(() => (this.#inFlight -= 1));
  }

  #blockKey(key: string): void {
    const until = this.#clock.now() + WINDOW_SECONDS * 1000;
    const before = this.#blocked.get(key) ?? 0;
    this.#blocked.set(key, until);
    if (before <= this.#clock.now()) void this.#signals.publish(`${SIGNAL_PREFIX}${until}:${key}`);
  }

  #heard(message: string): void {
    if (!message.startsWith(SIGNAL_PREFIX)) return;
    const separator = message.indexOf(':', SIGNAL_PREFIX.length);
    const until = Number(message.slice(SIGNAL_PREFIX.length, separator));
    if (Number.isSafeInteger(until)) this.#blocked.set(message.slice(separator + 1), until);
  }
}

function keys(clientId: string, network: string): [LimitName, string][] {
  return [
    ['auth_failures_per_client', `client:${network}:${clientId}`],
    ['auth_failures_per_network', `network:${network}`],
  ];
}

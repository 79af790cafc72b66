/** Checks a client secret against all that a client has, in time that tells nothing of which one failed. */
import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { pepperedHash, verifyChosenSecret, type ClientSecret, type PepperSource } from '../clients/index.js';
import { equalBytes } from '../lib/constant_time.js';
import type { BoundedQueue } from '../lib/bounded_queue.js';

const MAX_DIGESTS = 10_000;
const DUMMY = randomBytes(32);

export class SecretVerifier {
  readonly #peppers: PepperSource;
  readonly #queue: BoundedQueue;
  /** Digests of chosen secrets that argon2 has confirmed, under a key of this process: secret id -> digest. */
  readonly #confirmed = new LRUCache<string, Buffer>({ max: MAX_DIGESTS, ttl: 10 * 60_000 });
  readonly #digestKey = randomBytes(32);

  constructor(parts: { readonly peppers: PepperSource; readonly queue: BoundedQueue }) {
    this.#peppers = parts.peppers;
    this.#queue = parts.queue;
  }

  /** The generated secret that `secret` is, expired or not; undefined when it is none of them. Costs an HMAC. */
  generated(secrets: readonly ClientSecret[], secret: string): ClientSecret | undefined {
    let match: ClientSecret | undefined;
    const digests = new Map<string, Buffer>();
    for (const candidate of secrets) {
      if (candidate.scheme !== 'hmac-sha256' || candidate.pepperId === null) continue;
      const digest = digests.get(candidate.pepperId) ?? this.#digest(candidate.pepperId, secret);
      digests.set(candidate.pepperId, digest);
      if (equalBytes(digest, candidate.hash)) match = candidate;
    }
    // An unknown client, or one without secrets, costs the same.
    if (digests.size === 0) equalBytes(this.#digest(this.#peppers.currentId, secret), DUMMY);
    return match;
  }

  /**
   * The imported secret that `secret` is. Asks argon2 through the bounded queue unless it was confirmed lately.
   * @throws GatehouseError `temporarily_unavailable` when the queue is full
   */
  async chosen(secrets: readonly ClientSecret[], secret: string): Promise<ClientSecret | undefined> {
    const digest = createHmac('sha256', this.#digestKey).update(secret).digest();
    for (const candidate of secrets) {
      if (candidate.scheme !== 'argon2id') continue;
      const known = this.#confirmed.get(candidate.id);
      if (known && equalBytes(known, digest)) return candidate;
      const phc = candidate.hash.toString('utf8');
      if (await this.#queue.run(() => verifyChosenSecret(phc, secret))) {
        this.#confirmed.set(candidate.id, digest);
        return candidate;
      }
    }
    return undefined;
  }

  #digest(pepperId: string, secret: string): Buffer {
    const pepper = this.#peppers.get(pepperId);
    if (!pepper) throw new Error(`pepper ${pepperId} is not loaded`);
    return pepperedHash(secret, pepper);
  }
}

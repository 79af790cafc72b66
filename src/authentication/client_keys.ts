/**
 * The public keys of clients: by value, or fetched from jwks_uri within limits, cached, fetched again for an unknown kid
 * at most once a minute, and served stale while the other side is down.
 */
import { createLocalJWKSet, type JSONWebKeySet, type LocalJWKSet } from './jose_types.js';
import { LRUCache } from 'lru-cache';
import type { RegisteredClient } from '../clients/index.js';
import type { Clock } from '../lib/clock.js';
import { unavailable } from '../errors.js';

const MAX_SETS = 10_000;
const FRESH_MS = 10 * 60_000;
const REFETCH_MS = 60_000;
/** While nothing is known, nobody is served: the source is asked more often. */
const FIRST_FETCH_MS = 5_000;

const ED25519_NAMES = ['EdDSA', 'Ed25519'];

interface FetchedKeys {
  readonly keys: LocalJWKSet;
  readonly fetchedAt: number;
}

/** Fetches a JWKS document; rejects when it cannot be had. Bounded in size and time by its maker. */
export type FetchJwks = (url: string) => Promise<JSONWebKeySet>;

export class ClientKeys {
  readonly #fetch: FetchJwks;
  readonly #clock: Clock;
  readonly #byUri = new LRUCache<string, FetchedKeys>({ max: MAX_SETS });
  readonly #attempts = new LRUCache<string, { at: number; pending: Promise<FetchedKeys> }>({ max: MAX_SETS });
  readonly #byValue = new WeakMap<object, LocalJWKSet>();

  constructor(parts: { readonly fetch: FetchJwks; readonly clock: Clock }) {
    this.#fetch = parts.fetch;
    this.#clock = parts.clock;
  }

  /**
   * The keys of a client. `again` asks for a look at the source because a kid was not found.
   * @throws GatehouseError `temporarily_unavailable` when nothing was ever fetched and the source is down
   */
  async of(client: RegisteredClient, again: boolean): Promise<LocalJWKSet | undefined> {
    if (client.jwks) {
      const known = this.#byValue.get(client.jwks) ?? keySet({ keys: [...client.jwks.keys] });
      this.#byValue.set(client.jwks, known);
      return known;
    }
    if (client.jwksUri === null) return undefined;
    const cached = this.#byUri.get(client.jwksUri);
    const fresh = cached !== undefined && this.#clock.now() - cached.fetchedAt < FRESH_MS;
    if (fresh && !again) return cached.keys;
    try {
      return (await this.#refresh(client.jwksUri)).keys;
    } catch (cause) {
      if (cached) return cached.keys;
      throw unavailable('the key set of the client (jwks_uri)', cause);
    }
  }

  /** One fetch at a time, and at most one a minute once there are keys; calls in between share the last outcome. */
  #refresh(uri: string): Promise<FetchedKeys> {
    const last = this.#attempts.get(uri);
    const now = this.#clock.now();
    const pause = this.#byUri.has(uri) ? REFETCH_MS : FIRST_FETCH_MS;
    if (last && now - last.at < pause) return last.pending;
    const pending = this.#fetch(uri).then((document) => {
      const fetched = { keys: keySet(document), fetchedAt: now };
      this.#byUri.set(uri, fetched);
      return fetched;
    });
    this.#attempts.set(uri, { at: now, pending });
    return pending;
  }
}

/**
 * RFC 9864 gave EdDSA over Ed25519 a name of its own: a key that is marked with one of the names checks both.
 * @throws Error when the document is no key set
 */
function keySet(document: JSONWebKeySet): LocalJWKSet {
  const { keys } = createLocalJWKSet(document).jwks();
  return createLocalJWKSet({
    keys: keys.map(({ alg, ...key }) =>
      alg === undefined || (key.crv === 'Ed25519' && ED25519_NAMES.includes(alg)) ? key : { ...key, alg },
    ),
  });
}

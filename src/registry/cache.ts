/**
 * A bounded read-through cache that a change feed invalidates. A value that was being read while it changed is handed to
 * those who asked before the change, and not kept. What does not exist is remembered for a moment. Values may be read ahead
 * in bulk, under the same rule.
 */
import { LRUCache } from 'lru-cache';

const ABSENT = Symbol('absent');
const ABSENT_TTL_MS = 1000;
const ABSENT_MAX = 10_000;

export class RegistryCache<V extends object> {
  readonly #load: (id: string) => Promise<V | undefined>;
  readonly #known: LRUCache<string, V>;
  readonly #absent = new LRUCache<string, typeof ABSENT>({ max: ABSENT_MAX, ttl: ABSENT_TTL_MS });
  readonly #loading = new Map<string, Promise<V | undefined>>();
  /** What changed since the reading ahead of the moment began; undefined when there is none. */
  #changedMeanwhile: { readonly ids: Set<string>; all: boolean } | undefined;
  #hits = 0;
  #misses = 0;

  constructor(parts: { readonly max: number; readonly load: (id: string) => Promise<V | undefined> }) {
    this.#load = parts.load;
    this.#known = new LRUCache({ max: parts.max });
  }

  /** The value at once when it is known; otherwise a promise. The load's error is the caller's; nothing is kept of it. */
  get(id: string): V | undefined | Promise<V | undefined> {
    const value = this.#known.get(id);
    if (value !== undefined) {
      this.#hits += 1;
      return value;
    }
    if (this.#absent.has(id)) return undefined;
    this.#misses += 1;
    return this.#loading.get(id) ?? this.#start(id);
  }

  /** What is known now, without loading and without counting as a use. */
  peek(id: string): V | undefined {
    return this.#known.peek(id);
  }

  /**
   * Takes in what `read` finds, but nothing that is known already or that changed in the meantime. One at a time.
   * Rejects when `read` does; nothing is kept then.
   */
  async readAhead(read: () => Promise<ReadonlyMap<string, V>>): Promise<void> {
    const meanwhile = { ids: new Set<string>(), all: false };
    this.#changedMeanwhile = meanwhile;
    try {
      for (const [id, value] of await read()) {
        if (meanwhile.all) break;
        if (meanwhile.ids.has(id) || this.#known.has(id)) continue;
        this.#absent.delete(id);
        this.#known.set(id, value);
      }
    } finally {
      if (this.#changedMeanwhile === meanwhile) this.#changedMeanwhile = undefined;
    }
  }

  forget(id: string): void {
    this.#changedMeanwhile?.ids.add(id);
    this.#loading.delete(id);
    this.#absent.delete(id);
    this.#known.delete(id);
  }

  clear(): void {
    if (this.#changedMeanwhile) this.#changedMeanwhile.all = true;
    this.#loading.clear();
    this.#absent.clear();
    this.#known.clear();
  }

  figures(): { size: number; hits: number; misses: number } {
    return { size: this.#known.size, hits: this.#hits, misses: this.#misses };
  }

  #start(id: string): Promise<V | undefined> {
    const loading: Promise<V | undefined> = this.#load(id).then(
      (value) => {
        // Another promise, or none, stands there when the value changed in the meantime.
        if (this.#loading.get(id) !== loading) return value;
        this.#loading.delete(id);
        if (value === undefined) this.#absent.set(id, ABSENT);
        else this.#known.set(id, value);
        return value;
      },
      (error: unknown) => {
        if (this.#loading.get(id) === loading) this.#loading.delete(id);
        throw error;
      },
    );
    this.#loading.set(id, loading);
    return loading;
  }
}

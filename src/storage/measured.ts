/** Times what is asked of the stores, for the figures. Owns which call counts as which operation; changes no result. */
import { GatehouseError } from '../errors.js';
import type { EphemeralStore } from '../registry/index.js';
import type { SqlDatabase } from './sql/database.js';

export type StoreName = 'sql' | 'ephemeral';
export type Operation = 'read' | 'write' | 'transaction' | 'consume' | 'count' | 'ping';

/** Told of each operation once it ended: how many seconds it took, and whether the store was reached. Must not throw. */
export type ObserveOperation = (
  store: StoreName,
  operation: Operation,
  duration: number,
  reached: boolean,
) => void;

type Timed = <T>(operation: Operation, work: () => Promise<T>) => Promise<T>;

function timed(store: StoreName, observe: ObserveOperation): Timed {
  return async (operation, work) => {
    const started = performance.now();
    const ended = (reached: boolean): void =>
      observe(store, operation, (performance.now() - started) / 1000, reached);
    try {
      const result = await work();
      ended(true);
      return result;
    } catch (error) {
      ended(!(error instanceof GatehouseError && error.code === 'temporarily_unavailable'));
      throw error;
    }
  };
}

/** Statements and transactions of their own; what runs inside of a transaction counts as part of it. */
export function measuredDatabase(database: SqlDatabase, observe: ObserveOperation): SqlDatabase {
  const time = timed('sql', observe);
  return {
    query: (text, params) =>
      time(/^\s*SELECT/i.test(text) ? 'read' : 'write', () => database.query(text, params)),
    exec: (text) => time('write', () => database.exec(text)),
    atomically: (work) => time('transaction', () => database.atomically(work)),
    transaction: (work, options) => time('transaction', () => database.transaction(work, options)),
    // Lasts as long as the work under the lock, which counts by itself.
    exclusively: (name, work) => database.exclusively(name, work),
    close: () => database.close(),
  };
}

export function measuredEphemeral(store: EphemeralStore, observe: ObserveOperation): EphemeralStore {
  const time = timed('ephemeral', observe);
  return {
    set: (key, value, ttl) => time('write', () => store.set(key, value, ttl)),
    get: (key) => time('read', () => store.get(key)),
    delete: (key) => time('write', () => store.delete(key)),
    consume: (key) => time('consume', () => store.consume(key)),
    insertOnce: (key, ttl) => time('consume', () => store.insertOnce(key, ttl)),
    increment: (key, ttl) => time('count', () => store.increment(key, ttl)),
    ping: () => time('ping', () => store.ping()),
    beginEpoch: (epoch) => store.beginEpoch(epoch),
    warnings: () => store.warnings(),
    close: () => store.close(),
  };
}

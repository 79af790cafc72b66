/** The ports through which the domain reaches durable storage, ephemeral storage and the other nodes. */
import type { ApiStore } from '../apis/index.js';
import type { AuditStore } from '../audit/index.js';
import type { ClientSecretStore, ClientStore, GrantStore } from '../clients/index.js';
import type { DataKeyStore, SigningKeyStore } from '../keys/index.js';
import type { RevocationStore } from '../revocations/index.js';

/** What a node must look at again. `all` stands for any number of clients and APIs (a large apply). */
export const CHANGE_KINDS = ['api', 'client', 'revocation', 'key', 'all'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface Change {
  readonly kind: ChangeKind;
  /** An audience, a client id, `kind:subject` of a revocation, a kid, or empty. */
  readonly id: string;
}

/**
 * The feed by which every node learns what changed. Its positions are in commit order, because only
 * {@link Durable.transaction} appends and those run one after the other across all nodes.
 */
export interface ChangeLog {
  append(changes: readonly Change[]): Promise<void>;
  /** The position of the newest change; 0 when there is none. */
  head(): Promise<number>;
  /** Changes after `position`, oldest first. `truncated` when rows after `position` were already pruned: the reader must start afresh. */
  since(
    position: number,
    limit: number,
  ): Promise<{ changes: (Change & { position: number })[]; truncated: boolean }>;
  /** Deletes up to `limit` rows older than `before`, always leaving the newest row. */
  prune(before: Date, limit: number): Promise<number>;
}

/** The remembered answer to a create, sealed under a key that only the holder of the Idempotency-Key can derive. */
export interface IdempotencyRecord {
  readonly actor: string;
  readonly keyHash: Buffer;
  readonly requestHash: Buffer;
  readonly sealedResponse: Buffer;
  readonly expiresAt: Date;
}

export interface IdempotencyStore {
  get(actor: string, keyHash: Buffer, now: Date): Promise<IdempotencyRecord | undefined>;
  /** Inserts, or replaces one that has expired. */
  put(record: IdempotencyRecord): Promise<void>;
  prune(now: Date, limit: number): Promise<number>;
}

export interface DurableStores {
  readonly apis: ApiStore;
  readonly clients: ClientStore;
  readonly secrets: ClientSecretStore;
  readonly grants: GrantStore;
  readonly signingKeys: SigningKeyStore;
  readonly dataKeys: DataKeyStore;
  readonly revocations: RevocationStore;
  readonly audit: AuditStore;
  readonly changes: ChangeLog;
  readonly idempotency: IdempotencyStore;
}

/**
 * Durable storage. Every method throws GatehouseError `temporarily_unavailable` when the database cannot be reached,
 * and then nothing was done.
 */
export interface Durable {
  /** Single statements, each its own transaction. */
  readonly stores: DurableStores;
  /**
   * One write transaction; they run one at a time across all nodes (an advisory lock), so that reading, deciding and
   * writing inside one cannot race, and the change feed is in commit order. Rolls back when `work` throws.
   */
  transaction<T>(work: (stores: DurableStores) => Promise<T>): Promise<T>;
  /** Runs `work` if no other node is running it under the same name now; otherwise answers undefined. */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T | undefined>;
  /** Throws when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type ConsumeResult =
  | { readonly outcome: 'consumed'; readonly value: Buffer }
  | { readonly outcome: 'replayed'; readonly value: Buffer }
  | { readonly outcome: 'missing' };

/**
 * Short-lived values by key. Every method throws GatehouseError `temporarily_unavailable` when the store is away.
 * Keys are up to 512 bytes of UTF-8; values up to 1 MiB of any bytes; lifetimes are whole seconds, 1 or more.
 */
export interface EphemeralStore {
  set(key: string, value: Buffer, ttlSeconds: number): Promise<void>;
  /** Undefined when absent, expired or consumed. */
  get(key: string): Promise<Buffer | undefined>;
  delete(key: string): Promise<boolean>;
  /** Atomic compare-and-set: of any number of parallel callers exactly one gets `consumed`, the others `replayed` until the key expires. */
  consume(key: string): Promise<ConsumeResult>;
  /**
   * Marks a key as used. `first` is true for exactly one caller within the lifetime. `epoch` is when (ms since the Unix
   * epoch) the part of the store that holds the mark last came up empty: what was made before it may have been used
   * already without a mark being left, and must be refused.
   */
  insertOnce(key: string, ttlSeconds: number): Promise<{ readonly first: boolean; readonly epoch: number }>;
  /**
   * Gives every part of the store that has no epoch yet this one (ms since the Unix epoch). Called at each start: with 0
   * on a new installation, where nothing can have been used before, with the present otherwise.
   */
  beginEpoch(epoch: number): Promise<void>;
  /** Adds one to a counter that lives `ttlSeconds` from its first increment; answers the new count. */
  increment(key: string, ttlSeconds: number): Promise<number>;
  /** Throws when the store does not answer. */
  ping(): Promise<void>;
  /** Sentences about settings that endanger data (eviction policy, persistence); empty when all is well. */
  warnings(): Promise<string[]>;
  close(): Promise<void>;
}

/** Best-effort messages between nodes; a missed one is made up for by polling. */
export interface Signals {
  /** Never throws; a failure to publish only delays others until their next poll. */
  publish(message: string): Promise<void>;
  /** Handlers are called for messages of all nodes, this one included. */
  subscribe(handler: (message: string) => void): void;
  close(): Promise<void>;
}

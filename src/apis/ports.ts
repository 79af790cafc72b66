import type { Api } from './types.js';

/** What a caller may change of an API: everything but its audience and bookkeeping. */
export type ApiFields = Omit<Api, 'audience' | 'system' | 'version' | 'createdAt' | 'updatedAt'>;

export interface ApiFilter {
  /** Part of the audience or description, case-insensitive. */
  readonly q?: string;
}

/** Where APIs are kept. Every method sees the transaction that its store belongs to. */
export interface ApiStore {
  get(audience: string): Promise<Api | undefined>;
  getMany(audiences: readonly string[]): Promise<Api[]>;
  /** Ordered by audience; `after` is the last audience of the page before. */
  list(filter: ApiFilter, after: string | undefined, limit: number): Promise<Api[]>;
  /** All, ordered by audience. */
  all(): Promise<Api[]>;
  /** Inserts with version 1. Throws GatehouseError `conflict` when the audience exists. */
  insert(api: Pick<Api, 'audience' | 'system'> & ApiFields): Promise<Api>;
  /** Replaces the fields and raises the version. Throws `not_found`. */
  update(audience: string, fields: ApiFields): Promise<Api>;
  /** Removes it with its grants and `serves` entries; false when it was not there. */
  delete(audience: string): Promise<boolean>;
}

import type { Client, ClientFields, ClientSecret, ClientType, Grant, RegisteredClient } from './types.js';

export interface ClientFilter {
  /** Part of id, name or description, case-insensitive. */
  readonly q?: string;
  readonly name?: string;
  readonly enabled?: boolean;
  readonly type?: ClientType;
  /** Only clients that hold a grant for this audience. */
  readonly audience?: string;
  /** Only clients that serve this audience. */
  readonly serves?: string;
}

export type NewClient = ClientFields & Pick<Client, 'id' | 'system' | 'createdBy'>;

/** Where clients are kept. `serves` is part of a client; secrets and grants have stores of their own. */
export interface ClientStore {
  get(id: string): Promise<Client | undefined>;
  /** With secrets and grants, in one round trip; what the registry caches. */
  getRegistered(id: string): Promise<RegisteredClient | undefined>;
  /** The same for many, ordered by id; `after` is the last id of the page before, empty for the first. */
  listRegistered(after: string, limit: number): Promise<RegisteredClient[]>;
  /** Those that exist, in no particular order. */
  getMany(ids: readonly string[]): Promise<Client[]>;
  /** Those with one of these names; names are not unique. */
  getByNames(names: readonly string[]): Promise<Client[]>;
  /** Ordered by id; `after` is the last id of the page before. */
  list(filter: ClientFilter, after: string | undefined, limit: number): Promise<Client[]>;
  /** Inserts in as few statements as possible (100,000 in one call is normal). Throws `conflict` when an id exists, `not_found` when a served audience does not. */
  insertMany(clients: readonly NewClient[]): Promise<Client[]>;
  /** Replaces fields and raises versions. Throws `not_found`. */
  updateMany(clients: readonly (ClientFields & { readonly id: string })[]): Promise<Client[]>;
  /** Removes them with secrets and grants; answers how many there were. */
  deleteMany(ids: readonly string[]): Promise<number>;
}

export type NewClientSecret = Omit<ClientSecret, 'createdAt' | 'lastUsedAt' | 'lastUsedFrom'> & {
  readonly clientId: string;
};

export interface SecretUse {
  readonly secretId: string;
  readonly at: Date;
  readonly from: string;
}

export interface ClientSecretStore {
  /** Ordered by creation. */
  list(clientId: string): Promise<ClientSecret[]>;
  insert(secret: NewClientSecret): Promise<ClientSecret>;
  /** Sets or clears the expiry; false when there is no such secret of this client. */
  setExpiry(clientId: string, secretId: string, expiresAt: Date | null): Promise<boolean>;
  delete(clientId: string, secretId: string): Promise<boolean>;
  /** Notes the last use of many secrets in one statement; an older use never overwrites a newer one. */
  recordUses(uses: readonly SecretUse[]): Promise<void>;
}

export interface GrantStore {
  /** Of one client, ordered by audience. */
  list(clientId: string): Promise<Grant[]>;
  listMany(clientIds: readonly string[]): Promise<Grant[]>;
  /** Sets the scopes of each (client, audience) exactly. Throws `not_found` when a client or an API does not exist. */
  putMany(grants: readonly Pick<Grant, 'clientId' | 'audience' | 'scopes'>[]): Promise<Grant[]>;
  /** Removes whole grants; answers how many there were. */
  deleteMany(grants: readonly Pick<Grant, 'clientId' | 'audience'>[]): Promise<number>;
}

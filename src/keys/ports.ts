import type { KeyPhase, StoredDataKey, StoredSigningKey } from './types.js';

export interface SigningKeyStore {
  /** All, ordered by creation. */
  list(): Promise<StoredSigningKey[]>;
  insert(key: Omit<StoredSigningKey, 'createdAt' | 'activatedAt' | 'revokedAt'>): Promise<StoredSigningKey>;
  /** Moves a key to a phase and stamps the moment; `revoked` also destroys the private part. False when there is no such key. */
  setPhase(kid: string, phase: KeyPhase): Promise<boolean>;
}

export interface DataKeyStore {
  list(): Promise<StoredDataKey[]>;
  insert(key: Omit<StoredDataKey, 'createdAt'>): Promise<StoredDataKey>;
}

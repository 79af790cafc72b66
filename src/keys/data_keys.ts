/**
 * Data keys: random 256-bit keys, wrapped by the master key, that seal private keys and pepper client secrets.
 * Owns their creation and unwrapping; the master key itself is handed in.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { DataKeyStore } from './ports.js';
import { createSealer, decrypt, encrypt, type Sealer } from './sealer.js';
import type { StoredDataKey } from './types.js';

/** Peppers by id, for HMAC-SHA-256 of generated client secrets. */
export interface Peppers {
  readonly currentId: string;
  get(id: string): Buffer | undefined;
}

export interface DataKeys {
  readonly sealer: Sealer;
  readonly peppers: Peppers;
}

/** The master key that was given is not the one that wrapped the keys in the database. */
export class WrongMasterKeyError extends Error {
  override readonly name = 'WrongMasterKeyError';
  constructor() {
    super(
      'The master key is not the one that protects this database. Give the right GATEHOUSE_MASTER_KEY (or master.key file); nothing was changed.',
    );
  }
}

/** A short, one-way name of a master key. */
export function masterKeyId(masterKey: Buffer): string {
  return createHash('sha256')
    .update('gatehouse master key id\0')
    .update(masterKey)
    .digest('hex')
    .slice(0, 16);
}

const context = (id: string, purpose: string): Buffer => Buffer.from(`data-key:${purpose}:${id}`);

/**
 * Unwraps all data keys and makes the first ones of a new installation. Call it inside a write transaction.
 * @throws WrongMasterKeyError when a stored key cannot be unwrapped by this master key.
 */
export async function loadDataKeys(store: DataKeyStore, masterKey: Buffer): Promise<DataKeys> {
  const stored = await store.list();
  for (const purpose of ['seal', 'pepper'] as const) {
    if (stored.some((key) => key.purpose === purpose)) continue;
    stored.push(await store.insert(newDataKey(purpose, masterKey)));
  }
  const opened = { seal: new Map<string, Buffer>(), pepper: new Map<string, Buffer>() };
  for (const key of stored) opened[key.purpose].set(key.id, unwrap(key, masterKey));
  // Ordered by creation: the newest of each purpose is the current one.
  const newest = (purpose: 'seal' | 'pepper'): string => [...opened[purpose].keys()].at(-1) ?? '';
  const peppers = opened.pepper;
  return {
    sealer: createSealer(opened.seal, newest('seal')),
    peppers: { currentId: newest('pepper'), get: (id) => peppers.get(id) },
  };
}

function newDataKey(purpose: 'seal' | 'pepper', masterKey: Buffer): Omit<StoredDataKey, 'createdAt'> {
  const id = randomBytes(8).toString('hex');
  const wrapped = encrypt(masterKey, randomBytes(32), context(id, purpose));
  return { id, purpose, wrapped, masterKeyId: masterKeyId(masterKey) };
}

function unwrap(key: StoredDataKey, masterKey: Buffer): Buffer {
  if (key.masterKeyId !== masterKeyId(masterKey)) throw new WrongMasterKeyError();
  try {
    return decrypt(masterKey, key.wrapped, context(key.id, key.purpose));
  } catch (cause) {
    throw new Error(`The data key ${key.id} in the database is damaged.`, { cause });
  }
}

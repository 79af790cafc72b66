/** What a node holds of the shared state: stores, keys, directory, revocations, and the feed that keeps them current. */
import { mkdirSync } from 'node:fs';
import { bootstrap } from '../administration/index.js';
import { SIGNING_ALGS } from '../apis/index.js';
import type { Settings } from '../config/schema.js';
import { GatehouseError } from '../errors.js';
import { KeyLifecycle } from '../keys/lifecycle.js';
import { KeyRing, loadDataKeys, WrongMasterKeyError, type DataKeys } from '../keys/index.js';
import { systemClock } from '../lib/clock.js';
import type { Metrics } from '../http/metrics.js';
import type { Logger } from '../log/logger.js';
import { CHANGED_SIGNAL, ChangeFeed, Directory, type Signals } from '../registry/index.js';
import { RevocationBook } from '../revocations/index.js';
import { openStorage, type Storage } from '../storage/index.js';
import { writeAdminFile } from './admin_file.js';
import { masterKey } from './master_key.js';

export interface NodeState {
  readonly storage: Storage;
  readonly dataKeys: DataKeys;
  readonly feed: ChangeFeed;
  readonly directory: Directory;
  readonly book: RevocationBook;
  readonly keys: KeyRing;
  readonly lifecycle: KeyLifecycle;
  /** Signals that also make this node look at what it changed before they resolve. */
  readonly announcing: Signals;
}

/** Opens, migrates and loads everything. Closes what it opened when it fails. */
export async function openState(settings: Settings, logger: Logger, metrics: Metrics): Promise<NodeState> {
  prepareDataDir(settings.dataDir);
  const key = masterKey(settings);
  const storage = await openStorage({
    databaseUrl: settings.databaseUrl,
    redisUrl: settings.redisUrl,
    redisPrefix: settings.redisPrefix,
    dataDir: settings.dataDir,
    poolSize: settings.databasePoolSize,
    onWarning: (message, error) => logger.warn({ error }, message),
    onOperation: (...operation) => metrics.storeOperation(...operation),
  });
  try {
    for (const name of await storage.migrate()) logger.info({ migration: name }, 'migrated');
    return await loadState(settings, logger, storage, key);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

function prepareDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new GatehouseError('server_error', `The data directory ${path} cannot be written.`, { cause });
  }
}

async function loadState(
  settings: Settings,
  logger: Logger,
  storage: Storage,
  key: Buffer,
): Promise<NodeState> {
  const { durable, signals, ephemeral } = storage;
  const dataKeys = await openDataKeys(storage, key);
  const clock = systemClock;
  const feed = new ChangeFeed({
    log: durable.stores.changes,
    signals,
    clock,
    pollMs: settings.pollInterval,
    onHealth: (error) =>
      error === undefined
        ? logger.info('the change feed is read again')
        : logger.warn({ error }, 'the change feed cannot be read'),
  });
  const { created } = await bootstrap({
    durable,
    peppers: dataKeys.peppers,
    clock,
    writeCredentials: (credentials) => writeAdminFile(settings, credentials),
  });
  // On a new installation nothing can have been used before; otherwise what an empty store forgot is refused.
  await ephemeral.beginEpoch(created ? 0 : clock.now());
  const directory = new Directory({
    stores: durable.stores,
    maxClients: settings.clientCacheSize,
    onReadAheadFailure: (error) => logger.warn({ error }, 'clients could not be read ahead'),
  });
  const book = new RevocationBook(durable.stores.revocations);
  const keys = new KeyRing({ store: durable.stores.signingKeys, sealer: dataKeys.sealer });
  const announcing = announce(signals, feed);
  const lifecycle = new KeyLifecycle({
    durable,
    sealer: dataKeys.sealer,
    clock,
    published: () => announcing.publish(CHANGED_SIGNAL),
  });
  await feed.begin();
  await book.load(new Date(clock.now()));
  await keys.reload();
  const state: NodeState = { storage, dataKeys, feed, directory, book, keys, lifecycle, announcing };
  subscribe(state, logger);
  await ensureKeys(state);
  feed.follow();
  // Not awaited: until it is known, a client is read when it is asked for.
  void directory.readAhead();
  return state;
}

async function openDataKeys(storage: Storage, key: Buffer): Promise<DataKeys> {
  try {
    return await storage.durable.transaction((stores) => loadDataKeys(stores.dataKeys, key));
  } catch (error) {
    if (error instanceof WrongMasterKeyError) throw new GatehouseError('server_error', error.message);
    throw error;
  }
}

function announce(signals: Signals, feed: ChangeFeed): Signals {
  return {
    publish: async (message) => {
      await signals.publish(message);
      await feed.catchUp();
    },
    subscribe: (handler) => signals.subscribe(handler),
    close: () => signals.close(),
  };
}

function subscribe(state: NodeState, logger: Logger): void {
  const { feed, directory, book, keys } = state;
  feed.subscribe(directory);
  feed.subscribe({
    changed: async (change) => {
      if (change.kind === 'revocation') await book.refresh(change.id);
      if (change.kind === 'key') await keys.reload();
      if (change.kind === 'api' || change.kind === 'all') {
        // Not awaited: making a key writes to the feed that is being read.
        ensureKeys(state).catch((error: unknown) => logger.warn({ error }, 'signing keys were not made'));
      }
    },
    reset: async () => {
      await book.load(new Date(systemClock.now()));
      await keys.reload();
    },
  });
}

/** An algorithm that an API asks for gets its keys before the first token is asked for. */
async function ensureKeys({ storage, keys, lifecycle }: NodeState): Promise<void> {
  const used = new Set((await storage.durable.stores.apis.all()).map((api) => api.signingAlg));
  for (const alg of SIGNING_ALGS) {
    if ((alg === 'ES256' || used.has(alg)) && !keys.active(alg)) await lifecycle.ensure(alg);
  }
}

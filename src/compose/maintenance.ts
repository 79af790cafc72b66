/** Work on the stores without a server: migrations, and a new secret for an administrator who lost it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ADMIN_CLIENT_ID } from '../administration/index.js';
import { generateSecret } from '../clients/index.js';
import type { Settings } from '../config/schema.js';
import { GatehouseError } from '../errors.js';
import { loadDataKeys } from '../keys/index.js';
import { newId } from '../lib/ids.js';
import { openStorage, type Storage } from '../storage/index.js';
import { writeAdminFile } from './admin_file.js';
import { masterKey } from './master_key.js';

export interface Maintenance {
  /** Names of the missing migrations. */
  pending(): Promise<string[]>;
  /** Runs the missing migrations; answers their names. */
  migrate(): Promise<string[]>;
  /** Adds a secret to gatehouse-admin and writes admin.json; running nodes follow through the change feed. */
  recoverAdministrator(): Promise<{ readonly path: string }>;
  close(): Promise<void>;
}

/** @throws GatehouseError when the store cannot be opened */
export async function openForMaintenance(settings: Settings): Promise<Maintenance> {
  const storage = await openStorage({
    databaseUrl: settings.databaseUrl,
    redisPrefix: settings.redisPrefix,
    dataDir: settings.dataDir,
    poolSize: settings.databasePoolSize,
    onWarning: () => undefined,
  });
  return {
    pending: () => storage.pending(),
    migrate: () => storage.migrate(),
    recoverAdministrator: () => recover(settings, storage),
    close: () => storage.close(),
  };
}

async function recover(settings: Settings, storage: Storage): Promise<{ path: string }> {
  const key = masterKey(settings);
  await storage.durable.transaction(async (stores) => {
    if (!(await stores.clients.get(ADMIN_CLIENT_ID))) {
      throw new GatehouseError('not_found', 'this database has no administrator yet; start the server once');
    }
    const { peppers } = await loadDataKeys(stores.dataKeys, key);
    const { secret, ...hashed } = generateSecret(peppers);
    const id = newId('s');
    const row = {
      id,
      clientId: ADMIN_CLIENT_ID,
      name: 'recovered',
      expiresAt: null,
      createdBy: 'admin recover',
    };
    await stores.secrets.insert({ ...row, ...hashed });
    await stores.changes.append([{ kind: 'client', id: ADMIN_CLIENT_ID }]);
    await stores.audit.append([
      {
        id: randomUUID(),
        at: new Date(),
        type: 'client.secret_created',
        outcome: 'success',
        actor: { type: 'system', id: 'admin recover' },
        subject: { type: 'secret', id },
        clientId: ADMIN_CLIENT_ID,
        sourceIp: null,
        requestId: null,
        traceId: null,
        reason: null,
        before: null,
        after: { name: 'recovered' },
      },
    ]);
    await writeAdminFile(settings, { clientId: ADMIN_CLIENT_ID, clientSecret: secret });
  });
  return { path: join(settings.dataDir, 'admin.json') };
}

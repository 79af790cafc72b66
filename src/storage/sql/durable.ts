/** Durable storage over any SQL database: the stores, and write transactions one at a time. */
import type { Durable, DurableStores } from '../../registry/index.js';
import { apiStore } from './apis.js';
import { auditStore } from './audit.js';
import { changeLog } from './changes.js';
import { clientSecretStore } from './client_secrets.js';
import { clientStore } from './clients.js';
import { WRITE_LOCK } from './database.js';
import type { SqlDatabase, SqlQuery } from './database.js';
import { grantStore } from './grants.js';
import { idempotencyStore } from './idempotency.js';
import { dataKeyStore, signingKeyStore } from './keys.js';
import { revocationStore } from './revocations.js';

function stores(sql: SqlQuery): DurableStores {
  return {
    apis: apiStore(sql),
    clients: clientStore(sql),
    secrets: clientSecretStore(sql),
    grants: grantStore(sql),
    signingKeys: signingKeyStore(sql),
    dataKeys: dataKeyStore(sql),
    revocations: revocationStore(sql),
    audit: auditStore(sql),
    changes: changeLog(sql),
    idempotency: idempotencyStore(sql),
  };
}

export function durable(database: SqlDatabase): Durable {
  return {
    stores: stores(database),
    transaction: (work) => database.transaction((sql) => work(stores(sql)), { lock: WRITE_LOCK }),
    exclusively: (name, work) => database.exclusively(name, work),
    ping: async () => {
      await database.query('SELECT 1');
    },
    close: () => database.close(),
  };
}

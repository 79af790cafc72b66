/** The first start: the APIs of Gatehouse itself and the administrator's client. Safe to run at every start, on every node. */
import { API_DEFAULTS } from '../apis/index.js';
import { clientDefaults, generateSecret, type PepperSource } from '../clients/index.js';
import type { Clock } from '../lib/clock.js';
import { CHANGED_SIGNAL, type Durable, type Signals } from '../registry/index.js';
import { auditGrant, sorted } from './grants.js';
import type { Caller } from './ports.js';
import { insertSecret, makeRoom } from './secrets.js';
import { ADMIN_CLIENT_ID, SYSTEM_APIS } from './system.js';
import { apiFieldsOf, apiView, clientView } from './views.js';
import { Unit } from './writes.js';

export interface BootstrapParts {
  readonly durable: Durable;
  readonly peppers: PepperSource;
  readonly clock: Clock;
  /** Puts the credentials where the operator finds them. When it throws, nothing was made. */
  writeCredentials(credentials: { clientId: string; clientSecret: string }): Promise<void>;
}

const systemCaller = (id: string): Caller => ({
  origin: { actor: { type: 'system', id }, sourceIp: null, requestId: null, traceId: null },
  scopes: new Set(),
});
const SYSTEM = systemCaller('bootstrap');
const RECOVERY = systemCaller('recovery');

const ADMINISTRATOR = { ...clientDefaults('service'), name: 'Gatehouse administrator' };

/** @returns whether the administrator's client was made now */
export function bootstrap(parts: BootstrapParts): Promise<{ created: boolean }> {
  return parts.durable.transaction(async (stores) => {
    const unit = new Unit(stores, SYSTEM, new Date(parts.clock.now()));
    const news = await ensureApis(unit);
    const created = !(await stores.clients.get(ADMIN_CLIENT_ID));
    if (created) {
      await createAdministrator(unit);
      await issueCredentials(unit, parts, 'bootstrap');
      unit.audit('system.bootstrapped', 'client', ADMIN_CLIENT_ID, { clientId: ADMIN_CLIENT_ID });
    } else if (news) await grantEverything(unit);
    await unit.finish();
    return { created };
  });
}

/**
 * Makes the administrator's client usable again, with a new secret beside the old ones: for an admin.json that was lost,
 * or a client that was changed until nobody could get in. Runs on the store itself, by who may run commands on the machine.
 */
export async function recoverAdmin(parts: BootstrapParts, signals: Signals): Promise<void> {
  await parts.durable.transaction(async (stores) => {
    const unit = new Unit(stores, RECOVERY, new Date(parts.clock.now()));
    await ensureApis(unit);
    const before = await stores.clients.get(ADMIN_CLIENT_ID);
    if (before) {
      const [after] = await stores.clients.updateMany([{ id: ADMIN_CLIENT_ID, ...ADMINISTRATOR }]);
      const views = { before: clientView(before), after: after ? clientView(after) : null };
      unit.audit('client.updated', 'client', ADMIN_CLIENT_ID, { clientId: ADMIN_CLIENT_ID, ...views });
      await grantEverything(unit);
    } else {
      await createAdministrator(unit);
    }
    await issueCredentials(unit, parts, 'recovery');
    await unit.finish();
  });
  await signals.publish(CHANGED_SIGNAL);
}

/** @returns whether a system API or a scope was added */
async function ensureApis(unit: Unit): Promise<boolean> {
  let added = false;
  for (const { audience, description, scopes } of SYSTEM_APIS) {
    const before = await unit.stores.apis.get(audience);
    // A newer release may know more scopes; those of a newer one that ran before stay.
    const known = new Set(before?.scopes.map((scope) => scope.name));
    const missing = scopes.filter((scope) => !known.has(scope.name));
    if (before && missing.length === 0) continue;
    if (before) {
      const fields = { ...apiFieldsOf(before), scopes: [...before.scopes, ...missing] };
      const after = apiView(await unit.stores.apis.update(audience, fields));
      unit.audit('api.updated', 'api', audience, { before: apiView(before), after });
    } else {
      const api = { audience, system: true, ...API_DEFAULTS, description, scopes };
      unit.audit('api.created', 'api', audience, { after: apiView(await unit.stores.apis.insert(api)) });
    }
    unit.change('api', audience);
    added = true;
  }
  return added;
}

async function createAdministrator(unit: Unit): Promise<void> {
  const createdBy = unit.caller.origin.actor.id;
  const row = { id: ADMIN_CLIENT_ID, system: true, createdBy, ...ADMINISTRATOR };
  for (const client of await unit.stores.clients.insertMany([row])) {
    unit.audit('client.created', 'client', client.id, { clientId: client.id, after: clientView(client) });
  }
  await grantEverything(unit);
}

/** All scopes of the system APIs, and those that it was granted beside them. */
async function grantEverything(unit: Unit): Promise<void> {
  const clientId = ADMIN_CLIENT_ID;
  const held = new Map(
    (await unit.stores.grants.list(clientId)).map((grant) => [grant.audience, grant.scopes]),
  );
  for (const { audience, scopes } of SYSTEM_APIS) {
    const before = held.get(audience);
    const wanted = sorted([...(before ?? []), ...scopes.map((scope) => scope.name)]);
    if (wanted.length === before?.length) continue;
    await unit.stores.grants.putMany([{ clientId, audience, scopes: wanted }]);
    auditGrant(unit, clientId, audience, before, wanted);
  }
  unit.change('client', clientId);
}

/** The file is written before the transaction commits: a secret that nobody got does not exist. */
async function issueCredentials(unit: Unit, parts: BootstrapParts, name: string): Promise<void> {
  const clientId = ADMIN_CLIENT_ID;
  const { secret, ...hashed } = generateSecret(parts.peppers);
  await makeRoom(unit, clientId, { force: true });
  await insertSecret(unit, clientId, { name }, hashed);
  await parts.writeCredentials({ clientId, clientSecret: secret });
}

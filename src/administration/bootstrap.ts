/** The first start: the APIs of Gatehouse itself and the administrator's client. Safe to run at every start, on every node. */
import { API_DEFAULTS } from '../apis/index.js';
import { clientDefaults, generateSecret, type PepperSource } from '../clients/index.js';
import type { Clock } from '../lib/clock.js';
import { newId } from '../lib/ids.js';
import type { Durable } from '../registry/index.js';
import type { Caller } from './ports.js';
import { ADMIN_CLIENT_ID, SYSTEM_APIS } from './system.js';
import { apiFieldsOf } from './views.js';
import { Unit } from './writes.js';

export interface BootstrapParts {
  readonly durable: Durable;
  readonly peppers: PepperSource;
  readonly clock: Clock;
  /** Puts the credentials where the operator finds them. When it throws, nothing was made. */
  writeCredentials(credentials: { clientId: string; clientSecret: string }): Promise<void>;
}

const SYSTEM: Caller = {
  origin: { actor: { type: 'system', id: 'bootstrap' }, sourceIp: null, requestId: null, traceId: null },
  scopes: new Set(),
};

/** @returns whether the administrator's client was made now */
export function bootstrap(parts: BootstrapParts): Promise<{ created: boolean }> {
  return parts.durable.transaction(async (stores) => {
    const unit = new Unit(stores, SYSTEM, new Date(parts.clock.now()));
    await ensureApis(unit);
    const created = !(await stores.clients.get(ADMIN_CLIENT_ID));
    if (created) await createAdministrator(unit, parts);
    await unit.finish();
    return { created };
  });
}

async function ensureApis(unit: Unit): Promise<void> {
  for (const { audience, description, scopes } of SYSTEM_APIS) {
    const before = await unit.stores.apis.get(audience);
    const fields = { ...API_DEFAULTS, description, scopes };
    if (!before) {
      await unit.stores.apis.insert({ audience, system: true, ...fields });
    } else {
      // A newer release may know more scopes; those of a newer one that ran before stay.
      const known = new Set(before.scopes.map((scope) => scope.name));
      const missing = scopes.filter((scope) => !known.has(scope.name));
      if (missing.length === 0) continue;
      await unit.stores.apis.update(audience, {
        ...apiFieldsOf(before),
        scopes: [...before.scopes, ...missing],
      });
    }
    unit.change('api', audience);
  }
}

async function createAdministrator(unit: Unit, parts: BootstrapParts): Promise<void> {
  const { stores } = unit;
  const id = ADMIN_CLIENT_ID;
  const fields = { ...clientDefaults('service'), name: 'Gatehouse administrator' };
  const createdBy = SYSTEM.origin.actor.id;
  await stores.clients.insertMany([{ id, system: true, createdBy, ...fields }]);
  const grants = SYSTEM_APIS.map(({ audience, scopes }) => ({
    clientId: id,
    audience,
    scopes: scopes.map((scope) => scope.name).sort(),
  }));
  await stores.grants.putMany(grants);
  const { secret, scheme, hash, pepperId } = generateSecret(parts.peppers);
  const row = {
    id: newId('s'),
    clientId: id,
    name: 'bootstrap',
    scheme,
    hash,
    pepperId,
    expiresAt: null,
    createdBy,
  };
  await stores.secrets.insert(row);
  unit.change('client', id);
  unit.audit('system.bootstrapped', 'client', id, { clientId: id });
  await parts.writeCredentials({ clientId: id, clientSecret: secret });
}

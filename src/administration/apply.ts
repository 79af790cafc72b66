/** Applies a configuration document in one transaction, and exports one. */
import type { Client, Grant } from '../clients/index.js';
import { newId } from '../lib/ids.js';
import type { DurableStores } from '../registry/index.js';
import { deleteApi, updateApi } from './apis.js';
import {
  planApply,
  type ApplyDocument,
  type CurrentState,
  type Plan,
  type PlannedChange,
} from './apply_planner.js';
import { auditClientUpdate } from './clients.js';
import { auditGrant } from './grants.js';
import type { AdministrationParts, Caller } from './ports.js';
import { Privileges } from './privileges.js';
import { apiFieldsOf, apiView, clientFieldsOf, clientView } from './views.js';
import { requireNoFaults, type Unit, type Writes } from './writes.js';

export interface ApplyOptions {
  readonly dryRun?: boolean | undefined;
  readonly prune?: boolean | undefined;
}

export interface ApplyResult {
  readonly plan: { readonly changes: PlannedChange[]; readonly summary: Plan['summary'] };
  readonly applied: boolean;
}

const PAGE = 1000;

export class ConfigurationAdministration {
  readonly #parts: AdministrationParts;
  readonly #writes: Writes;

  constructor(parts: AdministrationParts, writes: Writes) {
    this.#parts = parts;
    this.#writes = writes;
  }

  /** @throws GatehouseError `validation_failed` with every fault of the document, `forbidden` */
  async apply(caller: Caller, document: ApplyDocument, options: ApplyOptions): Promise<ApplyResult> {
    const prune = options.prune === true;
    if (options.dryRun === true) {
      return answer(await checkedPlan(this.#parts.durable.stores, caller, document, prune), false);
    }
    return this.#writes.run(caller, async (unit) => {
      const plan = await checkedPlan(unit.stores, caller, document, prune);
      await execute(unit, plan);
      if (plan.changes.length > 0) {
        unit.audit('configuration.applied', 'configuration', 'apply', { after: { prune, ...plan.summary } });
      }
      return answer(plan, true);
    });
  }

  /** Everything that a document can say, ordered; applying it to an empty installation makes the same one. */
  async export(): Promise<ApplyDocument> {
    const { stores } = this.#parts.durable;
    const apis = (await stores.apis.all()).filter((api) => !api.system);
    const clients = (await allClients(stores)).filter((client) => !client.system);
    const grantsOf = new Map<string, Grant[]>(clients.map((client) => [client.id, []]));
    for (const grant of await grantsOfMany(stores, clients)) grantsOf.get(grant.clientId)?.push(grant);
    return {
      version: 1,
      apis: apis.map((api) => ({
        audience: api.audience,
        ...apiFieldsOf(api),
        scopes: Object.fromEntries(api.scopes.map((scope) => [scope.name, scope.description])),
      })),
      clients: clients.map((client) => ({
        clientId: client.id,
        ...clientFieldsOf(client),
        grants: Object.fromEntries((grantsOf.get(client.id) ?? []).map((g) => [g.audience, g.scopes])),
      })),
    };
  }
}

function answer(plan: Plan, applied: boolean): ApplyResult {
  return { plan: { changes: plan.changes, summary: plan.summary }, applied };
}

async function checkedPlan(
  stores: DurableStores,
  caller: Caller,
  document: ApplyDocument,
  prune: boolean,
): Promise<Plan> {
  const current = await readState(stores, document, prune);
  const plan = planApply(document, current, { prune, newId: () => newId('c') });
  requireNoFaults(plan.faults.slice(0, 100));
  const privileges = await Privileges.of(stores, caller);
  const touched = new Set([
    ...[...plan.clientUpdates.map(({ before }) => before), ...plan.clientDeletes].map((client) => client.id),
    ...[...plan.grantPuts, ...plan.grantDeletes].map((grant) => grant.clientId),
  ]);
  privileges.requirePower(current.grants.filter((grant) => touched.has(grant.clientId)));
  privileges.requirePower(plan.grantPuts);
  return plan;
}

async function readState(
  stores: DurableStores,
  document: ApplyDocument,
  prune: boolean,
): Promise<CurrentState> {
  const apis = await stores.apis.all();
  const clients = prune ? await allClients(stores) : await namedClients(stores, document);
  return { apis, clients, grants: await grantsOfMany(stores, clients) };
}

async function namedClients(stores: DurableStores, document: ApplyDocument): Promise<Client[]> {
  const entries = document.clients ?? [];
  const ids = entries.flatMap(({ clientId }) => (clientId === undefined ? [] : [clientId]));
  const names = entries.flatMap(({ clientId, name }) => (clientId === undefined ? [name] : []));
  const byId = ids.length > 0 ? await stores.clients.getMany(ids) : [];
  const byName = names.length > 0 ? await stores.clients.getByNames(names) : [];
  return [...new Map([...byId, ...byName].map((client) => [client.id, client])).values()];
}

async function allClients(stores: DurableStores): Promise<Client[]> {
  const all: Client[] = [];
  for (;;) {
    const page = await stores.clients.list({}, all.at(-1)?.id, PAGE);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

async function grantsOfMany(stores: DurableStores, clients: readonly Client[]): Promise<Grant[]> {
  return clients.length > 0 ? stores.grants.listMany(clients.map((client) => client.id)) : [];
}

/** What is deleted goes last, so that nothing refers to it any more. */
async function execute(unit: Unit, plan: Plan): Promise<void> {
  for (const { audience, fields } of plan.apiInserts) {
    const api = await unit.stores.apis.insert({ audience, system: false, ...fields });
    unit.change('api', audience);
    unit.audit('api.created', 'api', audience, { after: apiView(api) });
  }
  for (const { before, fields } of plan.apiUpdates) await updateApi(unit, before, fields);
  await executeClients(unit, plan);
  await executeGrants(unit, plan);
  if (plan.clientDeletes.length > 0) {
    await unit.stores.clients.deleteMany(plan.clientDeletes.map((client) => client.id));
    for (const client of plan.clientDeletes) {
      unit.change('client', client.id);
      unit.audit('client.deleted', 'client', client.id, { clientId: client.id, before: clientView(client) });
    }
  }
  for (const api of plan.apiDeletes) await deleteApi(unit, api);
}

async function executeClients(unit: Unit, plan: Plan): Promise<void> {
  const createdBy = unit.caller.origin.actor.id;
  if (plan.clientInserts.length > 0) {
    const rows = plan.clientInserts.map(({ id, fields }) => ({ id, system: false, createdBy, ...fields }));
    for (const client of await unit.stores.clients.insertMany(rows)) {
      unit.change('client', client.id);
      unit.audit('client.created', 'client', client.id, { clientId: client.id, after: clientView(client) });
    }
  }
  if (plan.clientUpdates.length > 0) {
    const befores = new Map(plan.clientUpdates.map(({ before }) => [before.id, before]));
    const rows = plan.clientUpdates.map(({ before, fields }) => ({ id: before.id, ...fields }));
    for (const after of await unit.stores.clients.updateMany(rows)) {
      const before = befores.get(after.id);
      unit.change('client', after.id);
      if (before) auditClientUpdate(unit, before, after);
    }
  }
}

async function executeGrants(unit: Unit, plan: Plan): Promise<void> {
  if (plan.grantPuts.length > 0) {
    await unit.stores.grants.putMany(
      plan.grantPuts.map(({ clientId, audience, scopes }) => ({ clientId, audience, scopes })),
    );
  }
  for (const { clientId, audience, before, scopes } of plan.grantPuts) {
    unit.change('client', clientId);
    auditGrant(unit, clientId, audience, before, scopes);
  }
  if (plan.grantDeletes.length > 0) await unit.stores.grants.deleteMany(plan.grantDeletes);
  for (const { clientId, audience, scopes } of plan.grantDeletes) {
    unit.change('client', clientId);
    unit.audit('grant.deleted', 'grant', audience, { clientId, before: { scopes } });
  }
}

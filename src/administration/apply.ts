/** Applies a configuration document in one transaction. The plan is made by apply_planner.ts, and carried out by apply_execute.ts. */
import type { Client } from '../clients/index.js';
import { GatehouseError } from '../errors.js';
import { newId } from '../lib/ids.js';
import type { DurableStores } from '../registry/index.js';
import { widerGrants } from './apis.js';
import { batches } from './breath.js';
import { parseDocument, type ApplyDocument } from './apply_document.js';
import { executePlan } from './apply_execute.js';
import type { CurrentState, Plan, PlannedChange } from './apply_plan.js';
import { planApply } from './apply_planner.js';
import { allClients, exportDocument, grantsOfMany } from './export.js';
import type { AdministrationParts, Caller } from './ports.js';
import { Privileges } from './privileges.js';
import { requireNoFaults, type Writes } from './writes.js';

export interface ApplyOptions {
  readonly dryRun?: boolean | undefined;
  readonly prune?: boolean | undefined;
}

export interface ApplyResult {
  readonly plan: { readonly changes: PlannedChange[]; readonly summary: Plan['summary'] };
  readonly applied: boolean;
}

/** Where the document is in a request. */
const BASE = '/document';

export class ConfigurationAdministration {
  readonly #parts: AdministrationParts;
  readonly #writes: Writes;

  constructor(parts: AdministrationParts, writes: Writes) {
    this.#parts = parts;
    this.#writes = writes;
  }

  /**
   * All or nothing. In a dry run clients that would be made have their name for an id.
   * @throws GatehouseError `validation_failed` with every fault of the document, `forbidden`, `conflict` when a scope would
   * go away that a client outside the document holds
   */
  async apply(caller: Caller, input: unknown, options: ApplyOptions): Promise<ApplyResult> {
    const prune = options.prune === true;
    const document = await parseDocument(input, BASE);
    if (options.dryRun === true) {
      const { stores } = this.#parts.durable;
      return answer(await checkedPlan(stores, caller, document, { prune, newId: (name) => name }), false);
    }
    return this.#writes.run(caller, async (unit) => {
      const plan = await checkedPlan(unit.stores, caller, document, { prune, newId: () => newId('c') });
      await executePlan(unit, plan);
      if (plan.changes.length > 0) {
        unit.audit('configuration.applied', 'configuration', 'apply', { after: { prune, ...plan.summary } });
      }
      return answer(plan, true);
    });
  }

  /** Everything that a document can say, ordered, as it was at one moment. */
  export(): Promise<object> {
    return exportDocument(this.#parts.durable);
  }
}

function answer(plan: Plan, applied: boolean): ApplyResult {
  return { plan: { changes: plan.changes, summary: plan.summary }, applied };
}

async function checkedPlan(
  stores: DurableStores,
  caller: Caller,
  document: ApplyDocument,
  options: { readonly prune: boolean; readonly newId: (name: string) => string },
): Promise<Plan> {
  const current = await readState(stores, document, options.prune);
  const plan = await planApply(document, current, { ...options, base: BASE });
  requireNoFaults(plan.faults);
  await requirePower(stores, caller, current, plan);
  await requireNothingLost(stores, current, plan);
  return plan;
}

async function requirePower(
  stores: DurableStores,
  caller: Caller,
  current: CurrentState,
  plan: Plan,
): Promise<void> {
  const privileges = await Privileges.of(stores, caller);
  const touched = new Set([
    ...[...plan.clientUpdates.map(({ before }) => before), ...plan.clientDeletes].map((client) => client.id),
    ...[...plan.grantPuts, ...plan.grantDeletes].map((grant) => grant.clientId),
  ]);
  privileges.requirePower(current.grants.filter((grant) => touched.has(grant.clientId)));
  privileges.requirePower(plan.grantPuts);
}

/** Grants of clients that the document does not speak of are not changed behind its back. */
async function requireNothingLost(stores: DurableStores, current: CurrentState, plan: Plan): Promise<void> {
  const spokenOf = new Set(current.clients.filter((client) => !client.system).map((client) => client.id));
  for (const { before, fields } of plan.apiUpdates) {
    const lost = (await widerGrants(stores, before, fields)).filter((grant) => !spokenOf.has(grant.clientId));
    if (lost.length === 0) continue;
    const named = lost.slice(0, 10).map((grant) => grant.clientId);
    const more = lost.length > named.length ? ` and ${lost.length - named.length} more` : '';
    throw new GatehouseError(
      'conflict',
      `scopes of ${before.audience} would go away that clients outside the document hold: ${named.join(', ')}${more}`,
    );
  }
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
  const ids = document.clients.flatMap(({ clientId }) => (clientId === undefined ? [] : [clientId]));
  const names = document.clients.flatMap(({ clientId, name }) => (clientId === undefined ? [name] : []));
  const found = new Map<string, Client>();
  for await (const batch of batches(ids)) {
    for (const client of await stores.clients.getMany(batch)) found.set(client.id, client);
  }
  for await (const batch of batches(names)) {
    for (const client of await stores.clients.getByNames(batch)) found.set(client.id, client);
  }
  return [...found.values()];
}

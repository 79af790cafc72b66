/** Carries out a plan inside a transaction, in as few statements as possible. */
import type { Client } from '../clients/index.js';
import type { GrantRow, Plan } from './apply_plan.js';
import { batches } from './breath.js';
import { auditClientUpdate } from './clients.js';
import { auditGrant } from './grants.js';
import { revokeTokensOf } from './revocations.js';
import { apiView, clientFieldsOf, clientView } from './views.js';
import type { Unit } from './writes.js';

/** Clients that are deleted at once and whose tokens are revoked one by one; beyond it that they are gone has to do. */
const REVOKED = 500;

/** What is deleted goes last, so that nothing refers to it any more. */
export async function executePlan(unit: Unit, plan: Plan): Promise<void> {
  for (const { audience, fields } of plan.apiInserts) {
    const api = await unit.stores.apis.insert({ audience, system: false, ...fields });
    unit.change('api', audience);
    unit.audit('api.created', 'api', audience, { after: apiView(api) });
  }
  for (const { before, fields } of plan.apiUpdates) {
    const after = await unit.stores.apis.update(before.audience, fields);
    unit.change('api', before.audience);
    unit.audit('api.updated', 'api', before.audience, { before: apiView(before), after: apiView(after) });
  }
  await createClients(unit, plan);
  await updateClients(unit, plan);
  await changeGrants(unit, plan);
  await deleteClients(unit, plan.clientDeletes);
  for (const api of plan.apiDeletes) {
    await unit.stores.apis.delete(api.audience);
    unit.change('all', '');
    unit.audit('api.deleted', 'api', api.audience, { before: apiView(api) });
  }
}

async function createClients(unit: Unit, plan: Plan): Promise<void> {
  const createdBy = unit.caller.origin.actor.id;
  for await (const batch of batches(plan.clientInserts)) {
    const rows = batch.map(({ id, fields }) => ({ id, system: false, createdBy, ...fields }));
    for (const client of await unit.stores.clients.insertMany(rows)) {
      unit.change('client', client.id);
      unit.audit('client.created', 'client', client.id, { clientId: client.id, after: clientView(client) });
    }
    await unit.flush();
  }
}

/** Clients whose fields change, and those whose grants do: the version stands for both. */
async function updateClients(unit: Unit, plan: Plan): Promise<void> {
  const changed = new Set(plan.clientUpdates.map(({ before }) => before.id));
  const touched = plan.regranted.filter((client) => !changed.has(client.id));
  for await (const batch of batches(touched)) {
    await unit.stores.clients.updateMany(
      batch.map((client) => ({ id: client.id, ...clientFieldsOf(client) })),
    );
    for (const client of batch) unit.change('client', client.id);
  }
  for await (const batch of batches(plan.clientUpdates)) {
    const befores = new Map(batch.map(({ before }) => [before.id, before]));
    const rows = batch.map(({ before, fields }) => ({ id: before.id, ...fields }));
    for (const after of await unit.stores.clients.updateMany(rows)) {
      const before = befores.get(after.id);
      unit.change('client', after.id);
      if (before) auditClientUpdate(unit, before, after);
    }
    await unit.flush();
  }
}

async function changeGrants(unit: Unit, plan: Plan): Promise<void> {
  const row = ({ clientId, audience, scopes }: GrantRow): GrantRow => ({ clientId, audience, scopes });
  for await (const batch of batches(plan.grantPuts)) {
    await unit.stores.grants.putMany(batch.map(row));
    for (const { clientId, audience, before, scopes } of batch) {
      unit.change('client', clientId);
      auditGrant(unit, clientId, audience, before, scopes);
    }
    await unit.flush();
  }
  for await (const batch of batches(plan.grantDeletes)) {
    await unit.stores.grants.deleteMany(batch);
    for (const { clientId, audience, scopes } of batch) {
      unit.change('client', clientId);
      unit.audit('grant.deleted', 'grant', audience, { clientId, before: { scopes } });
    }
    await unit.flush();
  }
}

async function deleteClients(unit: Unit, clients: readonly Client[]): Promise<void> {
  for await (const batch of batches(clients)) {
    await unit.stores.clients.deleteMany(batch.map((client) => client.id));
    for (const client of batch) {
      if (clients.length <= REVOKED) await revokeTokensOf(unit, client.id);
      unit.change('client', client.id);
      unit.audit('client.deleted', 'client', client.id, { clientId: client.id, before: clientView(client) });
    }
    await unit.flush();
  }
}

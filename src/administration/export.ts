/** The configuration as a document that apply takes: what is as by default is left out, and secrets are never in it. */
import { API_DEFAULTS, type Api } from '../apis/index.js';
import { clientDefaults, type Client, type Grant } from '../clients/index.js';
import type { Durable, DurableStores } from '../registry/index.js';
import { batches, breathe } from './breath.js';
import { apiFieldsOf, clientFieldsOf } from './views.js';

const PAGE = 1000;
const ATTEMPTS = 3;

/** Everything that a document can say, ordered, as it was at one moment. */
export async function exportDocument(durable: Durable): Promise<object> {
  const { stores } = durable;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const before = await stores.changes.head();
    const document = await readDocument(stores);
    // Every write appends a change: the same head means that nothing moved while the pages were read.
    if ((await stores.changes.head()) === before) return document;
  }
  return durable.transaction(readDocument);
}

async function readDocument(stores: DurableStores): Promise<object> {
  const apis = (await stores.apis.all()).filter((api) => !api.system);
  const clients: object[] = [];
  for await (const page of clientPages(stores)) {
    const ordinary = page.filter((client) => !client.system);
    const grants = groupedByClient(await grantsOfMany(stores, ordinary));
    clients.push(...ordinary.map((client) => clientEntry(client, grants.get(client.id) ?? [])));
  }
  return { version: 1, apis: apis.map(apiEntry), clients };
}

/** All clients, ordered by id, page by page. */
async function* clientPages(stores: DurableStores): AsyncGenerator<Client[]> {
  let after: string | undefined;
  for (;;) {
    const page = await stores.clients.list({}, after, PAGE);
    yield page;
    await breathe();
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

export async function allClients(stores: DurableStores): Promise<Client[]> {
  const all: Client[] = [];
  for await (const page of clientPages(stores)) all.push(...page);
  return all;
}

export async function grantsOfMany(stores: DurableStores, clients: readonly Client[]): Promise<Grant[]> {
  const found: Grant[] = [];
  for await (const batch of batches(clients)) {
    found.push(...(await stores.grants.listMany(batch.map((client) => client.id))));
  }
  return found;
}

export function groupedByClient(grants: readonly Grant[]): Map<string, Grant[]> {
  const groups = new Map<string, Grant[]>();
  for (const grant of grants) {
    const group = groups.get(grant.clientId);
    if (group) group.push(grant);
    else groups.set(grant.clientId, [grant]);
  }
  return groups;
}

function apiEntry(api: Api): object {
  const fields = { ...apiFieldsOf(api), scopes: undefined };
  return {
    audience: api.audience,
    ...unlike({ ...API_DEFAULTS, scopes: undefined }, fields),
    ...(api.scopes.length > 0
      ? { scopes: Object.fromEntries(api.scopes.map((scope) => [scope.name, scope.description])) }
      : {}),
  };
}

function clientEntry(client: Client, grants: readonly Grant[]): object {
  const { name, type, ...fields } = clientFieldsOf(client);
  return {
    clientId: client.id,
    name,
    type,
    ...unlike(clientDefaults(type), fields),
    ...(grants.length > 0
      ? { grants: Object.fromEntries(grants.map((grant) => [grant.audience, grant.scopes])) }
      : {}),
  };
}

/** Fields that are not as by default. */
function unlike(defaults: object, fields: object): object {
  const byDefault = new Map<string, unknown>(Object.entries(defaults));
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(byDefault.get(name)),
    ),
  );
}

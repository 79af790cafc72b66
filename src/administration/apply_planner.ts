/** Compares a document with what is, and says what to do. Pure: it reads and writes nothing. */
import { API_DEFAULTS, apiFaults, type Api, type ApiFields } from '../apis/index.js';
import {
  clientDefaults,
  clientFaults,
  isClientId,
  type Client,
  type ClientFields,
  type Grant,
} from '../clients/index.js';
import type { FieldFault } from '../errors.js';
import { type ApplyDocument, type DocumentApi, type DocumentClient } from './apply_document.js';
import { BREATH, breathe } from './breath.js';
import { beginning, difference, same, type Comparable } from './apply_difference.js';
import type { CurrentState, Plan, PlannedChange, PlanOptions } from './apply_plan.js';
import { groupedByClient } from './export.js';
import { pointerStep } from './faults.js';
import { CLIENT_ID_RULE, servesFault } from './client_faults.js';
import { isSystemAudience } from './system.js';
import { apiFieldsOf, clientFieldsOf } from './views.js';
import { merged } from './writes.js';

interface Draft extends Plan {
  readonly current: CurrentState;
  readonly options: PlanOptions;
  readonly grantsOf: ReadonlyMap<string, readonly Grant[]>;
  /** Scope names of every API as it will be. */
  readonly scopesOf: Map<string, ReadonlySet<string>>;
  readonly namedClients: Set<string>;
}

/** The plan; when it has faults nothing may be executed. Asynchronous only to let other work go on in between. */
export async function planApply(
  document: ApplyDocument,
  current: CurrentState,
  options: PlanOptions,
): Promise<Plan> {
  const draft = startDraft(current, options);
  planApis(draft, document.apis);
  const known = indexClients(current.clients, document.clients);
  for (const [index, entry] of document.clients.entries()) {
    if (index % BREATH === BREATH - 1) await breathe();
    planClient(draft, entry, `${options.base}/clients/${index}`, known);
  }
  if (options.prune) {
    for (const client of current.clients) {
      if (client.system || draft.namedClients.has(client.id)) continue;
      draft.clientDeletes.push(client);
      note(draft, { kind: 'client', id: client.id, name: client.name, action: 'delete', fields: {} });
    }
  }
  return draft;
}

function startDraft(current: CurrentState, options: PlanOptions): Draft {
  return {
    changes: [],
    summary: { create: 0, update: 0, delete: 0, unchanged: 0 },
    apiInserts: [],
    apiUpdates: [],
    apiDeletes: [],
    clientInserts: [],
    clientUpdates: [],
    clientDeletes: [],
    grantPuts: [],
    grantDeletes: [],
    regranted: [],
    faults: [],
    current,
    options,
    grantsOf: groupedByClient(current.grants),
    scopesOf: new Map(current.apis.map((api) => [api.audience, namesOf(api)])),
    namedClients: new Set(),
  };
}

const namesOf = (api: Pick<Api, 'scopes'>): ReadonlySet<string> =>
  new Set(api.scopes.map((scope) => scope.name));

function note(draft: Draft, change: PlannedChange): void {
  draft.changes.push(change);
  draft.summary[change.action] += 1;
}

function planApis(draft: Draft, entries: readonly DocumentApi[]): void {
  const existing = new Map(draft.current.apis.map((api) => [api.audience, api]));
  const named = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const pointer = `${draft.options.base}/apis/${index}`;
    if (named.has(entry.audience)) {
      draft.faults.push({ pointer: `${pointer}/audience`, message: 'is named a second time' });
    }
    named.add(entry.audience);
    planApi(draft, entry, existing.get(entry.audience), pointer);
  }
  if (!draft.options.prune) return;
  for (const api of draft.current.apis) {
    if (api.system || named.has(api.audience)) continue;
    draft.apiDeletes.push(api);
    draft.scopesOf.delete(api.audience);
    note(draft, { kind: 'api', id: api.audience, action: 'delete', fields: {} });
  }
}

function planApi(draft: Draft, entry: DocumentApi, before: Api | undefined, pointer: string): void {
  const { audience, scopes = {}, ...rest } = entry;
  const listed = Object.entries(scopes).map(([name, description]) => ({ name, description }));
  const fields = { ...merged(API_DEFAULTS, rest), scopes: listed };
  draft.faults.push(...under(pointer, apiFaults(audience, fields)));
  if (isSystemAudience(audience)) {
    draft.faults.push({ pointer: `${pointer}/audience`, message: 'belongs to Gatehouse itself' });
  }
  draft.scopesOf.set(audience, namesOf(fields));
  const shown = { kind: 'api', id: audience } as const;
  if (!before) {
    draft.apiInserts.push({ audience, fields });
    note(draft, {
      ...shown,
      action: 'create',
      fields: beginning(apiComparable(API_DEFAULTS), apiComparable(fields)),
    });
    return;
  }
  const changed = difference(apiComparable(before), apiComparable(fields));
  if (Object.keys(changed).length > 0) {
    draft.apiUpdates.push({ before, fields });
    note(draft, { ...shown, action: 'update', fields: changed });
  } else draft.summary.unchanged += 1;
}

/** The order of scopes has no meaning. */
function apiComparable(api: ApiFields): Comparable {
  return { ...apiFieldsOf(api), scopes: [...api.scopes].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

interface KnownClients {
  readonly byId: ReadonlyMap<string, Client>;
  /** Without those that an entry of the document names by id. */
  readonly byName: ReadonlyMap<string, readonly Client[]>;
}

function indexClients(clients: readonly Client[], entries: readonly DocumentClient[]): KnownClients {
  const claimed = new Set(entries.map((entry) => entry.clientId));
  const byName = new Map<string, Client[]>();
  for (const client of clients) {
    if (claimed.has(client.id) || client.system) continue;
    const list = byName.get(client.name);
    if (list) list.push(client);
    else byName.set(client.name, [client]);
  }
  return { byId: new Map(clients.map((client) => [client.id, client])), byName };
}

/** The client that an entry means; undefined with a fault when that is not clear. */
function identify(
  draft: Draft,
  entry: DocumentClient,
  pointer: string,
  known: KnownClients,
): { readonly id: string; readonly before: Client | undefined } | undefined {
  const { clientId, name } = entry;
  const refuse = (at: string, message: string): undefined => {
    draft.faults.push({ pointer: pointer + at, message });
    return undefined;
  };
  const matches = clientId === undefined ? (known.byName.get(name) ?? []) : [];
  if (matches.length > 1) {
    refuse('/name', `${matches.length} clients have this name; give the clientId`);
    return;
  }
  const before = clientId === undefined ? matches[0] : known.byId.get(clientId);
  if (before?.system === true) {
    refuse('/clientId', 'belongs to Gatehouse itself');
    return;
  }
  const id = before?.id ?? clientId ?? draft.options.newId(name);
  if (clientId !== undefined && !isClientId(clientId)) refuse('/clientId', CLIENT_ID_RULE);
  // Two entries of the same new name would each make a client now, and be ambiguous at the next run.
  const identity = before || clientId !== undefined ? id : `name ${name}`;
  if (draft.namedClients.has(identity)) {
    refuse('/name', 'means a client that is named already; give a clientId');
    return;
  }
  draft.namedClients.add(identity);
  return { id, before };
}

function planClient(draft: Draft, entry: DocumentClient, pointer: string, known: KnownClients): void {
  const found = identify(draft, entry, pointer, known);
  if (found === undefined) return;
  const { id, before } = found;
  const { clientId: _given, grants = {}, ...rest } = entry;
  const defaults = { ...clientDefaults(entry.type ?? 'service'), name: '' };
  const fields = merged<ClientFields>(defaults, rest);
  draft.faults.push(...under(pointer, clientFaults(fields)));
  for (const [index, audience] of fields.serves.entries()) {
    const message = servesFault(audience, draft.scopesOf.has(audience));
    if (message !== undefined) draft.faults.push({ pointer: `${pointer}/serves/${index}`, message });
  }
  const shown = { kind: 'client', id, name: entry.name } as const;
  const after = clientComparable(fields);
  if (!before) {
    draft.clientInserts.push({ id, fields });
    note(draft, { ...shown, action: 'create', fields: beginning(clientComparable(defaults), after) });
  } else {
    const changed = difference(clientComparable(before), after);
    if (Object.keys(changed).length > 0) {
      draft.clientUpdates.push({ before, fields });
      note(draft, { ...shown, action: 'update', fields: changed });
    } else draft.summary.unchanged += 1;
  }
  const touched = draft.grantPuts.length + draft.grantDeletes.length;
  planGrants(draft, id, entry.name, grants, pointer);
  if (before && draft.grantPuts.length + draft.grantDeletes.length > touched) draft.regranted.push(before);
}

function clientComparable(client: ClientFields): Comparable {
  return { ...clientFieldsOf(client), serves: [...client.serves].sort() };
}

function planGrants(
  draft: Draft,
  clientId: string,
  name: string,
  wanted: Readonly<Record<string, readonly string[]>>,
  pointer: string,
): void {
  const before = new Map((draft.grantsOf.get(clientId) ?? []).map((grant) => [grant.audience, grant.scopes]));
  for (const [audience, given] of Object.entries(wanted)) {
    const at = `${pointer}/grants${pointerStep(audience)}`;
    const known = draft.scopesOf.get(audience);
    const unknown = given.filter((scope) => known?.has(scope) !== true);
    if (!known) draft.faults.push({ pointer: at, message: `there is no API ${audience}` });
    else if (unknown.length > 0)
      draft.faults.push({ pointer: at, message: `there is no scope ${unknown.join(' ')}` });
    const scopes = [...new Set(given)].sort();
    const held = before.get(audience);
    if (held && same(held, scopes)) {
      draft.summary.unchanged += 1;
      continue;
    }
    draft.grantPuts.push({ clientId, audience, scopes, before: held });
    note(draft, {
      kind: 'grant',
      id: `${clientId} ${audience}`,
      name,
      action: held ? 'update' : 'create',
      fields: { scopes: { from: held ?? null, to: scopes } },
    });
  }
  for (const [audience, scopes] of before) {
    if (Object.hasOwn(wanted, audience)) continue;
    draft.grantDeletes.push({ clientId, audience, scopes });
    const fields = { scopes: { from: scopes, to: null } };
    note(draft, { kind: 'grant', id: `${clientId} ${audience}`, name, action: 'delete', fields });
  }
}

function under(pointer: string, faults: readonly FieldFault[]): FieldFault[] {
  return faults.map((fault) => ({ pointer: pointer + fault.pointer, message: fault.message }));
}

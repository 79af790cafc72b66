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
import type { Patch } from './ports.js';
import { isSystemAudience } from './system.js';
import { apiFieldsOf, clientFieldsOf } from './views.js';
import { merged } from './writes.js';

export type DocumentApi = Patch<Omit<ApiFields, 'scopes'>> & {
  readonly audience: string;
  /** Descriptions by scope name. */
  readonly scopes?: Readonly<Record<string, string>> | undefined;
};

export type DocumentClient = Patch<Omit<ClientFields, 'name'>> & {
  readonly clientId?: string | undefined;
  readonly name: string;
  /** Scopes by audience. */
  readonly grants?: Readonly<Record<string, readonly string[]>> | undefined;
};

export interface ApplyDocument {
  readonly version: 1;
  readonly apis?: readonly DocumentApi[] | undefined;
  readonly clients?: readonly DocumentClient[] | undefined;
}

/** What is: everything that the document names, and with prune everything. */
export interface CurrentState {
  readonly apis: readonly Api[];
  readonly clients: readonly Client[];
  readonly grants: readonly Grant[];
}

export type FieldChanges = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

export interface PlannedChange {
  readonly kind: 'api' | 'client' | 'grant';
  readonly id: string;
  readonly name?: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly fields: FieldChanges;
}

export interface GrantRow {
  readonly clientId: string;
  readonly audience: string;
  readonly scopes: readonly string[];
}

export interface Plan {
  readonly changes: PlannedChange[];
  readonly summary: { create: number; update: number; delete: number; unchanged: number };
  readonly apiInserts: { audience: string; fields: ApiFields }[];
  readonly apiUpdates: { before: Api; fields: ApiFields }[];
  readonly apiDeletes: Api[];
  readonly clientInserts: { id: string; fields: ClientFields }[];
  readonly clientUpdates: { before: Client; fields: ClientFields }[];
  readonly clientDeletes: Client[];
  readonly grantPuts: (GrantRow & { before: readonly string[] | undefined })[];
  readonly grantDeletes: GrantRow[];
  readonly faults: FieldFault[];
}

interface Draft extends Plan {
  readonly current: CurrentState;
  readonly grantsOf: ReadonlyMap<string, readonly Grant[]>;
  /** Scope names of every API as it will be. */
  readonly scopesOf: Map<string, ReadonlySet<string>>;
  readonly namedClients: Set<string>;
}

/** The plan; when it has faults nothing may be executed. @param newId makes ids of new clients */
export function planApply(
  document: ApplyDocument,
  current: CurrentState,
  options: { readonly prune: boolean; readonly newId: () => string },
): Plan {
  const draft = startDraft(current);
  planApis(draft, document.apis ?? [], options.prune);
  const { byId, byName } = indexClients(current.clients);
  for (const [index, entry] of (document.clients ?? []).entries()) {
    planClient(draft, entry, `/clients/${index}`, byId, byName, options.newId);
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

function startDraft(current: CurrentState): Draft {
  const grantsOf = new Map<string, Grant[]>();
  for (const grant of current.grants) {
    const list = grantsOf.get(grant.clientId);
    if (list) list.push(grant);
    else grantsOf.set(grant.clientId, [grant]);
  }
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
    faults: [],
    current,
    grantsOf,
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

function planApis(draft: Draft, entries: readonly DocumentApi[], prune: boolean): void {
  const existing = new Map(draft.current.apis.map((api) => [api.audience, api]));
  const named = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const pointer = `/apis/${index}`;
    const { audience, scopes = {}, ...rest } = entry;
    const listed = Object.entries(scopes).map(([name, description]) => ({ name, description }));
    const fields = { ...merged(API_DEFAULTS, rest), scopes: listed };
    draft.faults.push(...under(pointer, apiFaults(audience, fields)));
    if (named.has(audience)) draft.faults.push({ pointer, message: `names ${audience} a second time` });
    if (isSystemAudience(audience)) draft.faults.push({ pointer, message: 'belongs to Gatehouse itself' });
    named.add(audience);
    draft.scopesOf.set(audience, namesOf(fields));
    const before = existing.get(audience);
    const changed = difference(before ? apiComparable(before) : {}, apiComparable(fields));
    if (!before) {
      draft.apiInserts.push({ audience, fields });
      note(draft, { kind: 'api', id: audience, action: 'create', fields: changed });
    } else if (Object.keys(changed).length > 0) {
      draft.apiUpdates.push({ before, fields });
      note(draft, { kind: 'api', id: audience, action: 'update', fields: changed });
    } else draft.summary.unchanged += 1;
  }
  if (!prune) return;
  for (const api of draft.current.apis) {
    if (api.system || named.has(api.audience)) continue;
    draft.apiDeletes.push(api);
    draft.scopesOf.delete(api.audience);
    note(draft, { kind: 'api', id: api.audience, action: 'delete', fields: {} });
  }
}

/** The order of scopes has no meaning. */
function apiComparable(api: ApiFields): object {
  return { ...apiFieldsOf(api), scopes: [...api.scopes].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function indexClients(clients: readonly Client[]): {
  byId: Map<string, Client>;
  byName: Map<string, Client[]>;
} {
  const byName = new Map<string, Client[]>();
  for (const client of clients) {
    const list = byName.get(client.name);
    if (list) list.push(client);
    else byName.set(client.name, [client]);
  }
  return { byId: new Map(clients.map((client) => [client.id, client])), byName };
}

function planClient(
  draft: Draft,
  entry: DocumentClient,
  pointer: string,
  byId: ReadonlyMap<string, Client>,
  byName: ReadonlyMap<string, readonly Client[]>,
  newId: () => string,
): void {
  const fault = (at: string, message: string): void =>
    void draft.faults.push({ pointer: pointer + at, message });
  const { clientId, grants = {}, ...rest } = entry;
  const matches = clientId === undefined ? (byName.get(entry.name) ?? []) : [];
  if (matches.length > 1) {
    fault('/name', `${matches.length} clients have this name; give the clientId`);
    return;
  }
  const before = clientId === undefined ? matches[0] : byId.get(clientId);
  if (before?.system === true) {
    fault('', 'belongs to Gatehouse itself');
    return;
  }
  const id = before?.id ?? clientId ?? newId();
  if (!isClientId(id)) fault('/clientId', 'must be 1 to 128 letters, digits and . _ ~ -');
  // Two entries of the same new name would each make a client now, and be ambiguous at the next run.
  const identity = before || clientId !== undefined ? id : `name ${entry.name}`;
  if (draft.namedClients.has(identity)) {
    fault('', 'names a client a second time');
    return;
  }
  draft.namedClients.add(identity);
  const fields = merged({ ...clientDefaults(entry.type ?? 'service'), name: entry.name }, rest);
  draft.faults.push(...under(pointer, clientFaults(fields)));
  for (const audience of fields.serves) {
    if (isSystemAudience(audience) || !draft.scopesOf.has(audience))
      fault('/serves', `there is no API ${audience}`);
  }
  const changed = difference(before ? clientComparable(before) : {}, clientComparable(fields));
  const shown = { kind: 'client', id, name: entry.name, fields: changed } as const;
  if (!before) {
    draft.clientInserts.push({ id, fields });
    note(draft, { ...shown, action: 'create' });
  } else if (Object.keys(changed).length > 0) {
    draft.clientUpdates.push({ before, fields });
    note(draft, { ...shown, action: 'update' });
  } else draft.summary.unchanged += 1;
  planGrants(draft, id, entry.name, grants, pointer);
}

function clientComparable(client: ClientFields): object {
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
    const at = `${pointer}/grants/${audience.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const known = draft.scopesOf.get(audience);
    const unknown = given.filter((scope) => known?.has(scope) !== true);
    if (!known) draft.faults.push({ pointer: at, message: `there is no API ${audience}` });
    else if (unknown.length > 0)
      draft.faults.push({ pointer: at, message: `there is no scope ${unknown.join(' ')}` });
    const scopes = [...new Set(given)].sort();
    const held = before.get(audience);
    const fields = difference(held ? { scopes: held } : {}, { scopes });
    if (Object.keys(fields).length === 0) {
      draft.summary.unchanged += 1;
      continue;
    }
    draft.grantPuts.push({ clientId, audience, scopes, before: held });
    note(draft, {
      kind: 'grant',
      id: `${clientId} ${audience}`,
      name,
      action: held ? 'update' : 'create',
      fields,
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

/** Fields whose values differ; a field that was not there comes from null. */
function difference(from: object, to: object): FieldChanges {
  const old = new Map<string, unknown>(Object.entries(from));
  const changes: Record<string, { from: unknown; to: unknown }> = {};
  for (const [name, value] of Object.entries(to) as [string, unknown][]) {
    const before = old.get(name) ?? null;
    if (canonical(before) !== canonical(value)) changes[name] = { from: before, to: value };
  }
  return changes;
}

/** JSON with sorted names: a database may give them back in another order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

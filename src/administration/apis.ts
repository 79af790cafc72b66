/** Administration of APIs. */
import { API_DEFAULTS, apiFaults, type Api, type ApiFields, type ApiFilter } from '../apis/index.js';
import { GatehouseError } from '../errors.js';
import type { DurableStores } from '../registry/index.js';
import { pageOf, afterOf } from './pages.js';
import type { AdministrationParts, Caller, Once, Page, PageRequest, Patch } from './ports.js';
import { isSystemAudience } from './system.js';
import { apiFieldsOf, apiView, type ApiView } from './views.js';
import { merged, notFound, requireNoFaults, requireVersion, type Unit, type Writes } from './writes.js';

export class ApiAdministration {
  readonly #parts: AdministrationParts;
  readonly #writes: Writes;

  constructor(parts: AdministrationParts, writes: Writes) {
    this.#parts = parts;
    this.#writes = writes;
  }

  async list(filter: ApiFilter, page: PageRequest): Promise<Page<ApiView>> {
    const found = await this.#parts.durable.stores.apis.list(filter, afterOf(page), page.limit + 1);
    return pageOf(found.map(apiView), page.limit, (api) => api.audience);
  }

  /** @throws GatehouseError `not_found` */
  async get(audience: string): Promise<ApiView> {
    const api = await this.#parts.durable.stores.apis.get(audience);
    if (!api) throw notFound('API');
    return apiView(api);
  }

  /** @throws GatehouseError `validation_failed`, `forbidden`, `conflict` */
  create(caller: Caller, audience: string, input: Patch<ApiFields>, once?: Once): Promise<ApiView> {
    const fields = merged(API_DEFAULTS, input);
    requireNoFaults(apiFaults(audience, fields));
    requireOrdinary(audience);
    return this.#writes.run(
      caller,
      async (unit) => {
        const view = apiView(await unit.stores.apis.insert({ audience, system: false, ...fields }));
        unit.change('api', audience);
        unit.audit('api.created', 'api', audience, { after: view });
        return view;
      },
      once,
    );
  }

  /** @throws GatehouseError `not_found`, `validation_failed`, `forbidden`, `precondition_failed` */
  update(caller: Caller, audience: string, patch: Patch<ApiFields>, version?: number): Promise<ApiView> {
    return this.#writes.run(caller, async (unit) => {
      const before = await requireApi(unit.stores, audience);
      requireOrdinary(audience);
      requireVersion(before, version);
      const fields = merged(apiFieldsOf(before), patch);
      requireNoFaults(apiFaults(audience, fields));
      return apiView(await updateApi(unit, before, fields));
    });
  }

  /** @throws GatehouseError `not_found`, `forbidden`, `precondition_failed` */
  remove(caller: Caller, audience: string, version?: number): Promise<void> {
    return this.#writes.run(caller, async (unit) => {
      const before = await requireApi(unit.stores, audience);
      requireOrdinary(audience);
      requireVersion(before, version);
      await deleteApi(unit, before);
    });
  }
}

function requireOrdinary(audience: string): void {
  if (isSystemAudience(audience)) {
    throw new GatehouseError(
      'forbidden',
      'audiences urn:gatehouse:* belong to Gatehouse and cannot be changed',
    );
  }
}

async function requireApi(stores: DurableStores, audience: string): Promise<Api> {
  const api = await stores.apis.get(audience);
  if (!api) throw notFound('API');
  return api;
}

/** Updates an API, and takes scopes that it no longer has out of the grants: they must not come back to life with the name. */
export async function updateApi(unit: Unit, before: Api, fields: ApiFields): Promise<Api> {
  const after = await unit.stores.apis.update(before.audience, fields);
  unit.change('api', before.audience);
  unit.audit('api.updated', 'api', before.audience, { before: apiView(before), after: apiView(after) });
  const kept = new Set(fields.scopes.map((scope) => scope.name));
  if (before.scopes.some((scope) => !kept.has(scope.name))) await narrowGrants(unit, before.audience, kept);
  return after;
}

const BATCH = 1000;

async function narrowGrants(unit: Unit, audience: string, kept: ReadonlySet<string>): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const clients = await unit.stores.clients.list({ audience }, after, BATCH);
    const grants = await unit.stores.grants.listMany(clients.map((client) => client.id));
    const wider = grants.filter((g) => g.audience === audience && g.scopes.some((scope) => !kept.has(scope)));
    const narrowed = wider.map((g) => ({
      clientId: g.clientId,
      audience,
      scopes: g.scopes.filter((scope) => kept.has(scope)),
    }));
    if (narrowed.length > 0) await unit.stores.grants.putMany(narrowed);
    for (const { clientId, scopes } of narrowed) {
      unit.change('client', clientId);
      unit.audit('grant.set', 'grant', audience, { clientId, after: { scopes }, reason: 'scope removed' });
    }
    after = clients.at(-1)?.id;
    if (clients.length < BATCH) return;
  }
}

/** Deletes an API with its grants; everything is looked at again, because any client may have held one. */
export async function deleteApi(unit: Unit, before: Api): Promise<void> {
  await unit.stores.apis.delete(before.audience);
  unit.change('all', '');
  unit.audit('api.deleted', 'api', before.audience, { before: apiView(before) });
}

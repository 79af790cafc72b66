/** Administration of APIs. */
import { API_DEFAULTS, apiFaults, type Api, type ApiFields, type ApiFilter } from '../apis/index.js';
import type { Grant } from '../clients/index.js';
import { GatehouseError } from '../errors.js';
import type { DurableStores } from '../registry/index.js';
import { pageOf, afterOf } from './pages.js';
import type { AdministrationParts, Caller, Once, Page, PageRequest, Patch } from './ports.js';
import { isSystemAudience } from './system.js';
import { apiFieldsOf, apiView, type ApiView } from './views.js';
import {
  merged,
  notFound,
  requireNoFaults,
  requireVersion,
  type Expected,
  type Unit,
  type Writes,
} from './writes.js';

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
        if (await unit.stores.apis.get(audience)) {
          throw new GatehouseError('conflict', `there is an API ${audience} already`);
        }
        const view = apiView(await unit.stores.apis.insert({ audience, system: false, ...fields }));
        unit.change('api', audience);
        unit.audit('api.created', 'api', audience, { after: view });
        return view;
      },
      once,
    );
  }

  /**
   * @param options.force takes scopes that go away out of the grants that hold them
   * @throws GatehouseError `not_found`, `validation_failed`, `forbidden`, `precondition_failed`, `conflict` when a scope
   * that goes away is still granted
   */
  update(
    caller: Caller,
    audience: string,
    patch: Patch<ApiFields>,
    options: { readonly expected?: Expected; readonly force?: boolean | undefined },
  ): Promise<ApiView> {
    return this.#writes.run(caller, async (unit) => {
      const before = await requireApi(unit.stores, audience);
      requireOrdinary(audience);
      requireVersion(before, options.expected);
      const fields = merged(apiFieldsOf(before), patch);
      requireNoFaults(apiFaults(audience, fields));
      if (JSON.stringify(fields) === JSON.stringify(apiFieldsOf(before))) return apiView(before);
      const wider = await widerGrants(unit.stores, before, fields);
      if (wider.length > 0 && options.force !== true) throw stillGranted(audience, wider);
      const after = await unit.stores.apis.update(audience, fields);
      unit.change('api', audience);
      unit.audit('api.updated', 'api', audience, { before: apiView(before), after: apiView(after) });
      await narrowGrants(unit, wider, fields);
      return apiView(after);
    });
  }

  /**
   * @param options.force deletes it with the grants for it and the `serves` that name it
   * @throws GatehouseError `not_found`, `forbidden`, `precondition_failed`, `conflict` when clients still use it
   */
  remove(
    caller: Caller,
    audience: string,
    options: { readonly expected?: Expected; readonly force?: boolean | undefined },
  ): Promise<void> {
    return this.#writes.run(caller, async (unit) => {
      const before = await requireApi(unit.stores, audience);
      requireOrdinary(audience);
      requireVersion(before, options.expected);
      if (options.force !== true) await requireUnused(unit.stores, audience);
      await unit.stores.apis.delete(audience);
      // Any number of clients may have held a grant.
      unit.change('all', '');
      unit.audit('api.deleted', 'api', audience, { before: apiView(before) });
    });
  }
}

export function requireOrdinary(audience: string): void {
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

/** Clients that are counted; more are called "or more". */
const COUNTED = 1000;

async function requireUnused(stores: DurableStores, audience: string): Promise<void> {
  const granted = (await stores.clients.list({ audience }, undefined, COUNTED)).length;
  const serving = (await stores.clients.list({ serves: audience }, undefined, COUNTED)).length;
  if (granted + serving === 0) return;
  const count = (found: number): string => (found === COUNTED ? `${COUNTED} or more` : String(found));
  throw new GatehouseError(
    'conflict',
    `${audience} is granted to ${count(granted)} clients and served by ${count(serving)}; delete it with them by force=true`,
  );
}

const BATCH = 1000;

/** Grants that hold a scope which the API will not have any more. */
export async function widerGrants(
  stores: DurableStores,
  before: Api,
  fields: Pick<ApiFields, 'scopes'>,
): Promise<Grant[]> {
  const { audience } = before;
  const kept = new Set(fields.scopes.map((scope) => scope.name));
  if (before.scopes.every((scope) => kept.has(scope.name))) return [];
  const wider: Grant[] = [];
  let after: string | undefined;
  for (;;) {
    const clients = await stores.clients.list({ audience }, after, BATCH);
    const grants = await stores.grants.listMany(clients.map((client) => client.id));
    wider.push(
      ...grants.filter((g) => g.audience === audience && g.scopes.some((scope) => !kept.has(scope))),
    );
    after = clients.at(-1)?.id;
    if (clients.length < BATCH) return wider;
  }
}

const NAMED = 10;

function stillGranted(audience: string, wider: readonly Grant[]): GatehouseError {
  const named = wider.slice(0, NAMED).map((grant) => grant.clientId);
  const more = wider.length > NAMED ? ` and ${wider.length - NAMED} more` : '';
  return new GatehouseError(
    'conflict',
    `a scope of ${audience} that would go away is granted to ${named.join(', ')}${more}; take it from them by force=true`,
  );
}

/** Takes scopes out of grants: they must not come back to life with the name. A grant with nothing left goes. */
async function narrowGrants(unit: Unit, wider: readonly Grant[], fields: ApiFields): Promise<void> {
  const kept = new Set(fields.scopes.map((scope) => scope.name));
  const narrowed = wider.map((grant) => ({
    ...grant,
    scopes: grant.scopes.filter((scope) => kept.has(scope)),
  }));
  const left = narrowed.filter((grant) => grant.scopes.length > 0);
  const gone = narrowed.filter((grant) => grant.scopes.length === 0);
  if (left.length > 0) await unit.stores.grants.putMany(left);
  if (gone.length > 0) await unit.stores.grants.deleteMany(gone);
  for (const [index, { clientId, audience, scopes }] of narrowed.entries()) {
    unit.change('client', clientId);
    const before = { scopes: wider[index]?.scopes ?? [] };
    const type = scopes.length > 0 ? 'grant.set' : 'grant.deleted';
    unit.audit(type, 'grant', audience, {
      clientId,
      before,
      after: { scopes },
      reason: 'scope removed from the API',
    });
  }
}

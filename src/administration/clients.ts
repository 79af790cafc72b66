/** Administration of clients. */
import {
  clientDefaults,
  clientFaults,
  needsSecret,
  type Client,
  type ClientFields,
  type ClientFilter,
} from '../clients/index.js';
import { GatehouseError } from '../errors.js';
import { newId } from '../lib/ids.js';
import type { DurableStores } from '../registry/index.js';
import { idFaults, servesFaults, twiceFaults } from './client_faults.js';
import { auditGrant, grantFaults, sorted, type GrantInput } from './grants.js';
import { afterOf, pageOf } from './pages.js';
import type { AdministrationParts, Caller, Once, Page, PageRequest, Patch } from './ports.js';
import { revokeTokensOf } from './revocations.js';
import { Privileges, requirePowerOver } from './privileges.js';
import { insertSecret, prepareSecret, type PreparedSecret, type SecretInput } from './secrets.js';
import {
  clientFieldsOf,
  clientView,
  grantView,
  secretView,
  type ClientDetail,
  type ClientView,
  type SecretView,
} from './views.js';
import {
  merged,
  notFound,
  requireNoFaults,
  requireVersion,
  type Expected,
  type Unit,
  type Writes,
} from './writes.js';

export type ClientInput = Patch<Omit<ClientFields, 'name'>> & {
  readonly name: string;
  readonly clientId?: string | undefined;
  readonly grants?: readonly GrantInput[] | undefined;
  readonly secret?: SecretInput | undefined;
};

export type CreatedClient = ClientDetail & { clientSecret?: string };

export class ClientAdministration {
  readonly #parts: AdministrationParts;
  readonly #writes: Writes;

  constructor(parts: AdministrationParts, writes: Writes) {
    this.#parts = parts;
    this.#writes = writes;
  }

  async list(filter: ClientFilter, page: PageRequest): Promise<Page<ClientView>> {
    const found = await this.#parts.durable.stores.clients.list(filter, afterOf(page), page.limit + 1);
    return pageOf(found.map(clientView), page.limit, (client) => client.clientId);
  }

  /** @throws GatehouseError `not_found` */
  async get(clientId: string): Promise<ClientDetail> {
    const client = await this.#parts.durable.stores.clients.getRegistered(clientId);
    if (!client) throw notFound('client');
    const { secrets, grants } = client;
    return { ...clientView(client), secrets: secrets.map(secretView), grants: grants.map(grantView) };
  }

  /** @throws GatehouseError `validation_failed`, `forbidden`, `conflict` */
  async create(caller: Caller, input: ClientInput, once?: Once): Promise<CreatedClient> {
    const clientId = input.clientId ?? newId('c');
    const fields = merged({ ...clientDefaults(input.type ?? 'service'), name: input.name }, input);
    requireNoFaults([...idFaults(clientId), ...clientFaults(fields)]);
    const wanted = input.secret !== undefined || needsSecret(fields);
    if (wanted && !needsSecret(fields)) {
      requireNoFaults([
        { pointer: '/secret', message: 'no authentication method of this client uses a secret' },
      ]);
    }
    const prepared = wanted
      ? await prepareSecret(input.secret ?? {}, this.#parts.peppers, '/secret')
      : undefined;
    return this.#writes.run(caller, (unit) => insertClient(unit, clientId, fields, input, prepared), once);
  }

  /** @throws GatehouseError `not_found`, `validation_failed`, `forbidden`, `precondition_failed` */
  update(
    caller: Caller,
    clientId: string,
    patch: Patch<ClientFields>,
    expected?: Expected,
  ): Promise<ClientView> {
    return this.#writes.run(caller, async (unit) => {
      const before = await requireClient(unit.stores, clientId);
      await requirePowerOver(unit.stores, caller, clientId);
      requireVersion(before, expected);
      const fields = merged(clientFieldsOf(before), patch);
      if (JSON.stringify(fields) === JSON.stringify(clientFieldsOf(before))) return clientView(before);
      requireNoFaults([...clientFaults(fields), ...(await servesFaults(unit.stores, fields.serves))]);
      if (before.system) requireUsable(before, fields);
      const [after] = await unit.stores.clients.updateMany([{ id: clientId, ...fields }]);
      if (!after) throw notFound('client');
      unit.change('client', clientId);
      auditClientUpdate(unit, before, after);
      return clientView(after);
    });
  }

  /** Its tokens die with it, even if another client gets its id. @throws GatehouseError `not_found`, `forbidden`, `precondition_failed` */
  remove(caller: Caller, clientId: string, expected?: Expected): Promise<void> {
    return this.#writes.run(caller, async (unit) => {
      const before = await requireClient(unit.stores, clientId);
      if (before.system)
        throw new GatehouseError('forbidden', 'a client of Gatehouse itself cannot be deleted');
      await requirePowerOver(unit.stores, caller, clientId);
      requireVersion(before, expected);
      await unit.stores.clients.deleteMany([clientId]);
      await revokeTokensOf(unit, clientId);
      unit.change('client', clientId);
      unit.audit('client.deleted', 'client', clientId, { clientId, before: clientView(before) });
    });
  }
}

async function requireClient(stores: DurableStores, clientId: string): Promise<Client> {
  const client = await stores.clients.get(clientId);
  if (!client) throw notFound('client');
  return client;
}

/** The administrator's client must stay able to get a token, or nobody could repair anything. */
function requireUsable(before: Client, fields: ClientFields): void {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  if (!fields.enabled || fields.type !== before.type || !same(fields.grantTypes, before.grantTypes)) {
    throw new GatehouseError(
      'forbidden',
      'a client of Gatehouse itself cannot be disabled or change its type',
    );
  }
}

async function insertClient(
  unit: Unit,
  clientId: string,
  fields: ClientFields,
  input: ClientInput,
  prepared: PreparedSecret | undefined,
): Promise<CreatedClient> {
  const { stores, caller } = unit;
  const grants = input.grants ?? [];
  const wrongGrants = await grantFaults(stores, grants, (index) => `/grants/${index}`);
  requireNoFaults([...(await servesFaults(stores, fields.serves)), ...wrongGrants, ...twiceFaults(grants)]);
  const privileges = await Privileges.of(stores, caller);
  privileges.requirePower(grants);
  if (await stores.clients.get(clientId)) {
    throw new GatehouseError('conflict', `there is a client ${clientId} already`);
  }
  const createdBy = caller.origin.actor.id;
  const [client] = await stores.clients.insertMany([{ id: clientId, system: false, createdBy, ...fields }]);
  if (!client) throw new GatehouseError('conflict', 'the client exists already');
  unit.change('client', clientId);
  unit.audit('client.created', 'client', clientId, { clientId, after: clientView(client) });
  const rows = grants.map(({ audience, scopes }) => ({ clientId, audience, scopes: sorted(scopes) }));
  const granted = rows.length > 0 ? await stores.grants.putMany(rows) : [];
  for (const row of rows) auditGrant(unit, clientId, row.audience, undefined, row.scopes);
  const secrets: SecretView[] = [];
  if (prepared)
    secrets.push(secretView(await insertSecret(unit, clientId, input.secret ?? {}, prepared, '/secret')));
  const detail = { ...clientView(client), secrets, grants: granted.map(grantView) };
  return prepared?.secret === undefined ? detail : { ...detail, clientSecret: prepared.secret };
}

/** Records an update under the name of what it means. */
export function auditClientUpdate(unit: Unit, before: Client, after: Client): void {
  const type =
    before.enabled === after.enabled
      ? 'client.updated'
      : after.enabled
        ? 'client.enabled'
        : 'client.disabled';
  const details = { clientId: after.id, before: clientView(before), after: clientView(after) };
  unit.audit(type, 'client', after.id, details);
}

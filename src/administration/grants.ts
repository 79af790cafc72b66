/** Administration of grants: (client, API, scopes). */
import type { Client, Grant } from '../clients/index.js';
import { GatehouseError, type FieldFault } from '../errors.js';
import type { DurableStores } from '../registry/index.js';
import type { AdministrationParts, Caller, Once } from './ports.js';
import { Privileges } from './privileges.js';
import { ADMIN_CLIENT_ID, isSystemAudience } from './system.js';
import { grantView, type GrantView } from './views.js';
import {
  notFound,
  requireNoFaults,
  requireVersion,
  touchClient,
  type Expected,
  type Unit,
  type Writes,
} from './writes.js';

export interface GrantInput {
  readonly audience: string;
  readonly scopes: readonly string[];
}

export class GrantAdministration {
  readonly #parts: AdministrationParts;
  readonly #writes: Writes;

  constructor(parts: AdministrationParts, writes: Writes) {
    this.#parts = parts;
    this.#writes = writes;
  }

  /** @throws GatehouseError `not_found` */
  async list(clientId: string): Promise<GrantView[]> {
    const { stores } = this.#parts.durable;
    if (!(await stores.clients.get(clientId))) throw notFound('client');
    return (await stores.grants.list(clientId)).map(grantView);
  }

  /** Sets the scopes exactly. @throws GatehouseError `not_found`, `validation_failed`, `forbidden` */
  set(caller: Caller, clientId: string, input: GrantInput, expected?: Expected): Promise<GrantView> {
    return this.#change(caller, clientId, input, () => input.scopes, { expected });
  }

  /** Adds scopes. @throws GatehouseError `not_found`, `validation_failed`, `forbidden` */
  add(caller: Caller, clientId: string, input: GrantInput, once?: Once): Promise<GrantView> {
    return this.#change(caller, clientId, input, (now) => [...now, ...input.scopes], { once });
  }

  /** Removes scopes, or the whole grant when none are named or none are left. @throws GatehouseError `not_found`, `forbidden` */
  remove(
    caller: Caller,
    clientId: string,
    audience: string,
    options: { readonly scopes?: readonly string[] | undefined; readonly expected?: Expected } = {},
  ): Promise<void> {
    return this.#writes.run(caller, async (unit) => {
      const { client, before } = await readGrant(unit, clientId, audience, options.expected);
      if (!before) throw notFound('grant');
      requireNotAdminsOwn(clientId, audience);
      const { scopes } = options;
      const left = scopes ? before.scopes.filter((scope) => !scopes.includes(scope)) : [];
      await touchClient(unit, client);
      if (left.length > 0) {
        await unit.stores.grants.putMany([{ clientId, audience, scopes: left }]);
        auditGrant(unit, clientId, audience, before.scopes, left);
      } else {
        await unit.stores.grants.deleteMany([{ clientId, audience }]);
        unit.audit('grant.deleted', 'grant', audience, { clientId, before: { scopes: before.scopes } });
      }
    });
  }

  #change(
    caller: Caller,
    clientId: string,
    { audience, scopes }: GrantInput,
    next: (now: readonly string[]) => readonly string[],
    { expected, once }: { readonly expected?: Expected; readonly once?: Once | undefined },
  ): Promise<GrantView> {
    return this.#writes.run(
      caller,
      async (unit) => {
        const { client, before, privileges } = await readGrant(unit, clientId, audience, expected);
        requireNoFaults(await grantFaults(unit.stores, [{ audience, scopes }], () => ''));
        requireNotAdminsOwn(clientId, audience);
        privileges.requireHeld(audience, scopes);
        const wanted = sorted(next(before?.scopes ?? []));
        const [grant] = await unit.stores.grants.putMany([{ clientId, audience, scopes: wanted }]);
        if (!grant) throw notFound('client');
        await touchClient(unit, client);
        auditGrant(unit, clientId, audience, before?.scopes, wanted);
        return grantView(grant);
      },
      once,
    );
  }
}

export const sorted = (scopes: readonly string[]): string[] => [...new Set(scopes)].sort();

function requireNotAdminsOwn(clientId: string, audience: string): void {
  if (clientId === ADMIN_CLIENT_ID && isSystemAudience(audience)) {
    throw new GatehouseError(
      'forbidden',
      `the grants of ${ADMIN_CLIENT_ID} on Gatehouse itself cannot be changed`,
    );
  }
}

async function readGrant(
  unit: Unit,
  clientId: string,
  audience: string,
  expected: Expected,
): Promise<{ client: Client; before: Grant | undefined; privileges: Privileges }> {
  const client = await unit.stores.clients.get(clientId);
  if (!client) throw notFound('client');
  const grants = await unit.stores.grants.list(clientId);
  const privileges = await Privileges.of(unit.stores, unit.caller);
  privileges.requirePower(grants);
  requireVersion(client, expected);
  return { client, before: grants.find((grant) => grant.audience === audience), privileges };
}

export function auditGrant(
  unit: Unit,
  clientId: string,
  audience: string,
  before: readonly string[] | undefined,
  after: readonly string[],
): void {
  unit.audit('grant.set', 'grant', audience, {
    clientId,
    before: before ? { scopes: before } : null,
    after: { scopes: after },
  });
}

/** Faults of grants against the APIs as they are. */
export async function grantFaults(
  stores: DurableStores,
  grants: readonly GrantInput[],
  pointerOf: (index: number) => string,
): Promise<FieldFault[]> {
  const apis = await stores.apis.getMany([...new Set(grants.map((grant) => grant.audience))]);
  const scopesOf = new Map(apis.map((api) => [api.audience, new Set(api.scopes.map((scope) => scope.name))]));
  return grants.flatMap(({ audience, scopes }, index) => {
    const known = scopesOf.get(audience);
    if (!known) return [{ pointer: `${pointerOf(index)}/audience`, message: `there is no API ${audience}` }];
    const unknown = scopes.filter((scope) => !known.has(scope));
    if (unknown.length === 0) return [];
    return [
      { pointer: `${pointerOf(index)}/scopes`, message: `${audience} has no scope ${unknown.join(' ')}` },
    ];
  });
}

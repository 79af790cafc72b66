/** Administration of client secrets. A generated value is shown once; nothing here can show it again. */
import {
  chosenSecretFault,
  generateSecret,
  hashChosenSecret,
  phcFault,
  type ClientSecret,
  type HashedSecret,
  type PepperSource,
} from '../clients/index.js';
import { GatehouseError } from '../errors.js';
import { newId } from '../lib/ids.js';
import { invalid } from './faults.js';
import type { AdministrationParts, Caller, Once } from './ports.js';
import { requirePowerOver } from './privileges.js';
import { secretView, type SecretView } from './views.js';
import { notFound, requireVersion, touchClient, type Expected, type Unit, type Writes } from './writes.js';

/** A chosen value, a hash made elsewhere, or neither: then one is generated. */
export interface SecretInput {
  readonly name?: string | undefined;
  readonly expiresAt?: Date | null | undefined;
  readonly value?: string | undefined;
  readonly argon2?: string | undefined;
}

export interface RotationView {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly secret: SecretView;
  readonly previous: SecretView[];
}

/** Secrets of one client that have not expired. */
const MAX_LIVE = 10;
/** Expired ones are kept to be looked at: the newest of them. */
const MAX_EXPIRED = 10;
/** A week: time to roll a secret out to every instance. */
export const DEFAULT_OVERLAP_SECONDS = 604_800;

export type NewSecretView = SecretView & { clientSecret?: string };
export type PreparedSecret = HashedSecret & { readonly secret?: string };

/** The stored form of a secret. Hashing costs time, so it is done before the transaction. @throws GatehouseError `validation_failed` */
export async function prepareSecret(
  input: SecretInput,
  peppers: PepperSource,
  pointer = '',
): Promise<PreparedSecret> {
  const { value, argon2 } = input;
  if (value !== undefined && argon2 !== undefined) {
    throw invalid([{ pointer: `${pointer}/argon2`, message: 'not together with value' }]);
  }
  if (value !== undefined) {
    const message = chosenSecretFault(value);
    if (message !== undefined) throw invalid([{ pointer: `${pointer}/value`, message }]);
    return hashChosenSecret(value);
  }
  if (argon2 !== undefined) {
    const message = phcFault(argon2);
    if (message !== undefined) throw invalid([{ pointer: `${pointer}/argon2`, message }]);
    return { scheme: 'argon2id', hash: Buffer.from(argon2), pepperId: null };
  }
  return generateSecret(peppers);
}

/** Stores a prepared secret. @throws GatehouseError `conflict` when the client has too many, `validation_failed` */
export async function insertSecret(
  unit: Unit,
  clientId: string,
  input: Pick<SecretInput, 'name' | 'expiresAt'>,
  prepared: PreparedSecret,
  pointer = '',
): Promise<ClientSecret> {
  if (input.expiresAt != null && input.expiresAt <= unit.now) {
    throw invalid([{ pointer: `${pointer}/expiresAt`, message: 'must be in the future' }]);
  }
  await makeRoom(unit, clientId);
  const { scheme, hash, pepperId } = prepared;
  const secret = await unit.stores.secrets.insert({
    id: newId('s'),
    clientId,
    name: input.name ?? '',
    scheme,
    hash,
    pepperId,
    expiresAt: input.expiresAt ?? null,
    createdBy: unit.caller.origin.actor.id,
  });
  unit.change('client', clientId);
  unit.audit('client.secret_created', 'client_secret', secret.id, { clientId, after: secretView(secret) });
  return secret;
}

/** @param options.force deletes the oldest when there are too many, instead of refusing */
export async function makeRoom(
  unit: Unit,
  clientId: string,
  options: { readonly force?: boolean } = {},
): Promise<void> {
  const existing = await unit.stores.secrets.list(clientId);
  const isExpired = ({ expiresAt }: ClientSecret): boolean => expiresAt !== null && expiresAt <= unit.now;
  const expired = existing.filter(isExpired);
  const live = existing.filter((secret) => !isExpired(secret));
  if (live.length >= MAX_LIVE && options.force !== true) {
    const message = `a client has ${MAX_LIVE} secrets at most; delete one that is not used any more`;
    throw new GatehouseError('conflict', message);
  }
  for (const secret of live.slice(0, Math.max(0, live.length + 1 - MAX_LIVE))) {
    await removeSecret(unit, clientId, secret, 'too many');
  }
  for (const secret of expired.slice(0, Math.max(0, expired.length - MAX_EXPIRED))) {
    await removeSecret(unit, clientId, secret, 'expired');
  }
}

async function removeSecret(
  unit: Unit,
  clientId: string,
  secret: ClientSecret,
  reason: string | null,
): Promise<void> {
  await unit.stores.secrets.delete(clientId, secret.id);
  const details = { clientId, before: secretView(secret), reason };
  unit.audit('client.secret_deleted', 'client_secret', secret.id, details);
}

export class SecretAdministration {
  readonly #parts: AdministrationParts;
  readonly #writes: Writes;

  constructor(parts: AdministrationParts, writes: Writes) {
    this.#parts = parts;
    this.#writes = writes;
  }

  /** @throws GatehouseError `not_found` */
  async list(clientId: string): Promise<SecretView[]> {
    const { stores } = this.#parts.durable;
    if (!(await stores.clients.get(clientId))) throw notFound('client');
    return (await stores.secrets.list(clientId)).map(secretView);
  }

  /** @throws GatehouseError `not_found`, `validation_failed`, `forbidden`, `conflict` */
  async create(caller: Caller, clientId: string, input: SecretInput, once?: Once): Promise<NewSecretView> {
    const prepared = await prepareSecret(input, this.#parts.peppers);
    return this.#writes.run(
      caller,
      async (unit) => {
        await openClient(unit, clientId);
        const view = secretView(await insertSecret(unit, clientId, input, prepared));
        return prepared.secret === undefined ? view : { ...view, clientSecret: prepared.secret };
      },
      once,
    );
  }

  /** @param expected versions of the client @throws GatehouseError `not_found`, `forbidden`, `precondition_failed` */
  setExpiry(
    caller: Caller,
    clientId: string,
    secretId: string,
    expiresAt: Date | null,
    expected?: Expected,
  ): Promise<SecretView> {
    return this.#writes.run(caller, async (unit) => {
      await openClient(unit, clientId, expected);
      return expire(unit, clientId, await requireSecret(unit, clientId, secretId), expiresAt);
    });
  }

  /** @param expected versions of the client @throws GatehouseError `not_found`, `forbidden`, `precondition_failed` */
  remove(caller: Caller, clientId: string, secretId: string, expected?: Expected): Promise<void> {
    return this.#writes.run(caller, async (unit) => {
      await openClient(unit, clientId, expected);
      await removeSecret(unit, clientId, await requireSecret(unit, clientId, secretId), null);
    });
  }

  /** A new secret; all others end after the overlap, or earlier if they already would. @throws GatehouseError `not_found`, `forbidden` */
  rotate(
    caller: Caller,
    clientId: string,
    options: { readonly overlapSeconds?: number | undefined; readonly name?: string | undefined },
    once?: Once,
  ): Promise<RotationView> {
    const generated = generateSecret(this.#parts.peppers);
    const overlap = options.overlapSeconds ?? DEFAULT_OVERLAP_SECONDS;
    return this.#writes.run(
      caller,
      async (unit) => {
        await openClient(unit, clientId);
        const end = new Date(unit.now.getTime() + overlap * 1000);
        const previous: SecretView[] = [];
        for (const old of await unit.stores.secrets.list(clientId)) {
          if (old.expiresAt !== null && old.expiresAt <= unit.now) continue;
          const sooner = old.expiresAt !== null && old.expiresAt <= end;
          previous.push(sooner ? secretView(old) : await expire(unit, clientId, old, end));
        }
        const secret = secretView(await insertSecret(unit, clientId, { name: options.name }, generated));
        return { clientId, clientSecret: generated.secret, secret, previous };
      },
      once,
    );
  }
}

/** Makes sure that the caller may change the client, whose version rises with its secrets. */
async function openClient(unit: Unit, clientId: string, expected?: Expected): Promise<void> {
  const client = await unit.stores.clients.get(clientId);
  if (!client) throw notFound('client');
  await requirePowerOver(unit.stores, unit.caller, clientId);
  requireVersion(client, expected);
  await touchClient(unit, client);
}

async function requireSecret(unit: Unit, clientId: string, secretId: string): Promise<ClientSecret> {
  const secret = (await unit.stores.secrets.list(clientId)).find(({ id }) => id === secretId);
  if (!secret) throw notFound('secret');
  return secret;
}

async function expire(
  unit: Unit,
  clientId: string,
  before: ClientSecret,
  expiresAt: Date | null,
): Promise<SecretView> {
  await unit.stores.secrets.setExpiry(clientId, before.id, expiresAt);
  const after = secretView({ ...before, expiresAt });
  const details = { clientId, before: secretView(before), after };
  unit.audit('client.secret_expiry_changed', 'client_secret', before.id, details);
  return after;
}

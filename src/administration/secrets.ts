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
import type { AdministrationParts, Caller, Once } from './ports.js';
import { requirePowerOver } from './privileges.js';
import { secretView, type SecretView } from './views.js';
import { notFound, requireNoFaults, type Unit, type Writes } from './writes.js';

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

export type NewSecretView = SecretView & { clientSecret?: string };
export type PreparedSecret = HashedSecret & { readonly secret?: string };

const MAX_SECRETS = 20;
/** A week: time to roll a secret out to every instance. */
export const DEFAULT_OVERLAP_SECONDS = 604_800;

/** The stored form of a secret. Hashing costs time, so it is done before the transaction. @throws GatehouseError `validation_failed` */
export async function prepareSecret(
  input: SecretInput,
  peppers: PepperSource,
  pointer = '',
): Promise<PreparedSecret> {
  const { value, argon2 } = input;
  if (value !== undefined && argon2 !== undefined) {
    requireNoFaults([{ pointer: `${pointer}/argon2`, message: 'not together with value' }]);
  }
  if (value !== undefined) {
    const message = chosenSecretFault(value);
    requireNoFaults(message === undefined ? [] : [{ pointer: `${pointer}/value`, message }]);
    return hashChosenSecret(value);
  }
  if (argon2 !== undefined) {
    const message = phcFault(argon2);
    requireNoFaults(message === undefined ? [] : [{ pointer: `${pointer}/argon2`, message }]);
    return { scheme: 'argon2id', hash: Buffer.from(argon2), pepperId: null };
  }
  return generateSecret(peppers);
}

/** Stores a prepared secret. @throws GatehouseError `conflict` when the client has too many */
export async function insertSecret(
  unit: Unit,
  clientId: string,
  input: SecretInput,
  prepared: PreparedSecret,
): Promise<ClientSecret> {
  const existing = await unit.stores.secrets.list(clientId);
  if (existing.length >= MAX_SECRETS) {
    throw new GatehouseError(
      'conflict',
      `a client has ${MAX_SECRETS} secrets at most; delete old ones first`,
    );
  }
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
        await requireClient(unit, clientId);
        const view = secretView(await insertSecret(unit, clientId, input, prepared));
        return prepared.secret === undefined ? view : { ...view, clientSecret: prepared.secret };
      },
      once,
    );
  }

  /** @throws GatehouseError `not_found`, `forbidden` */
  setExpiry(caller: Caller, clientId: string, secretId: string, expiresAt: Date | null): Promise<SecretView> {
    return this.#writes.run(caller, async (unit) => {
      await requireClient(unit, clientId);
      const before = (await unit.stores.secrets.list(clientId)).find((secret) => secret.id === secretId);
      if (!before) throw notFound('secret');
      return expire(unit, clientId, before, expiresAt);
    });
  }

  /** @throws GatehouseError `not_found`, `forbidden` */
  remove(caller: Caller, clientId: string, secretId: string): Promise<void> {
    return this.#writes.run(caller, async (unit) => {
      await requireClient(unit, clientId);
      if (!(await unit.stores.secrets.delete(clientId, secretId))) throw notFound('secret');
      unit.change('client', clientId);
      unit.audit('client.secret_deleted', 'client_secret', secretId, { clientId });
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
        await requireClient(unit, clientId);
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

async function requireClient(unit: Unit, clientId: string): Promise<void> {
  if (!(await unit.stores.clients.get(clientId))) throw notFound('client');
  await requirePowerOver(unit.stores, unit.caller, clientId);
}

async function expire(
  unit: Unit,
  clientId: string,
  before: ClientSecret,
  expiresAt: Date | null,
): Promise<SecretView> {
  await unit.stores.secrets.setExpiry(clientId, before.id, expiresAt);
  const after = secretView({ ...before, expiresAt });
  unit.change('client', clientId);
  const details = { clientId, before: secretView(before), after };
  unit.audit('client.secret_expiry_changed', 'client_secret', before.id, details);
  return after;
}

/**
 * Nobody hands out, or takes over, more power than they have: scopes of Gatehouse's own APIs are granted only by who holds
 * them, and a client that holds some is changed only by who holds them too (its secret would be theirs).
 */
import { ADMIN_AUDIENCE } from '../apis/index.js';
import type { Grant } from '../clients/index.js';
import { GatehouseError } from '../errors.js';
import type { DurableStores } from '../registry/index.js';
import type { Caller } from './ports.js';
import { isSystemAudience } from './system.js';

/** The caller's token lacks scopes that its client is granted: a token with them would do (RFC 6750 §3.1). */
export class ScopeMissing extends GatehouseError {
  readonly scopes: readonly string[];

  constructor(scopes: readonly string[]) {
    super('insufficient_scope', `this needs a token with ${scopes.join(' ')}`);
    this.scopes = scopes;
  }
}

export class Privileges {
  readonly #granted: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #token: ReadonlySet<string>;

  constructor(granted: ReadonlyMap<string, ReadonlySet<string>>, token: ReadonlySet<string>) {
    this.#granted = granted;
    this.#token = token;
  }

  /** What the caller is granted, and of the admin API only what its token carries. */
  static async of(stores: DurableStores, caller: Caller): Promise<Privileges> {
    const { actor } = caller.origin;
    const grants = actor.type === 'client' ? await stores.grants.list(actor.id) : [];
    const granted = new Map(grants.map((grant) => [grant.audience, new Set(grant.scopes)]));
    return new Privileges(granted, caller.scopes);
  }

  /** @throws GatehouseError `forbidden` when the caller lacks one of the scopes, `insufficient_scope` when only its token does */
  requireHeld(audience: string, scopes: readonly string[]): void {
    if (!isSystemAudience(audience)) return;
    const missing = scopes.filter((scope) => this.#granted.get(audience)?.has(scope) !== true);
    if (missing.length > 0) {
      const what = `${missing.join(' ')} of ${audience}`;
      throw new GatehouseError(
        'forbidden',
        `this takes ${what}, which you do not hold: nobody hands out or takes over more power than their own`,
      );
    }
    if (audience !== ADMIN_AUDIENCE) return;
    const absent = scopes.filter((scope) => !this.#token.has(scope));
    if (absent.length > 0) throw new ScopeMissing(absent);
  }

  /** @throws GatehouseError `forbidden` when a client with these grants can do more than the caller */
  requirePower(grants: readonly Pick<Grant, 'audience' | 'scopes'>[]): void {
    for (const grant of grants) this.requireHeld(grant.audience, grant.scopes);
  }
}

/** Checks that the caller may change a client. @throws GatehouseError `forbidden` */
export async function requirePowerOver(
  stores: DurableStores,
  caller: Caller,
  clientId: string,
): Promise<void> {
  const privileges = await Privileges.of(stores, caller);
  privileges.requirePower(await stores.grants.list(clientId));
}

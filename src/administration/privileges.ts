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

export class Privileges {
  readonly #held: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(held: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#held = held;
  }

  /** At the admin API what the token allows; at the other system APIs what the caller was granted. */
  static async of(stores: DurableStores, caller: Caller): Promise<Privileges> {
    const { actor } = caller.origin;
    const grants = actor.type === 'client' ? await stores.grants.list(actor.id) : [];
    const held = new Map<string, ReadonlySet<string>>(grants.map((g) => [g.audience, new Set(g.scopes)]));
    held.set(ADMIN_AUDIENCE, caller.scopes);
    return new Privileges(held);
  }

  /** @throws GatehouseError `forbidden` when the caller lacks one of the scopes */
  requireHeld(audience: string, scopes: readonly string[]): void {
    if (!isSystemAudience(audience)) return;
    const missing = scopes.filter((scope) => this.#held.get(audience)?.has(scope) !== true);
    if (missing.length > 0) {
      throw new GatehouseError('forbidden', `you do not hold ${missing.join(' ')} of ${audience} yourself`);
    }
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

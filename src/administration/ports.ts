/** What administration needs of other modules, and who calls it. */
import type { Origin } from '../audit/index.js';
import type { PepperSource } from '../clients/index.js';
import type { Sealer } from '../keys/index.js';
import type { Clock } from '../lib/clock.js';
import type { Durable, Signals } from '../registry/index.js';
import type { Revocation } from '../revocations/index.js';

/** Revokes signing keys: stops signing, unpublishes, destroys the private part, records the revocation. */
export interface KeyAdministration {
  /** @throws GatehouseError `not_found` */
  revoke(kid: string, reason: string, origin: Origin): Promise<Revocation>;
}

/** Tells what a token is, whatever its format. */
export interface TokenInspection {
  /** Undefined when it is not a live token of ours. */
  identify(token: string): Promise<{ jti: string; expiresAt: Date; clientId: string } | undefined>;
}

export interface AdministrationParts {
  readonly durable: Durable;
  readonly signals: Signals;
  readonly peppers: PepperSource;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly keys: KeyAdministration;
  readonly tokens: TokenInspection;
}

/** Who asks for a change, and what its token allows. */
export interface Caller {
  readonly origin: Origin;
  /** Scopes of the token at the admin API. */
  readonly scopes: ReadonlySet<string>;
}

/** An Idempotency-Key with what it stands for; the same key with another request is refused. */
export interface Once {
  readonly key: string;
  /** The request in canonical form: method, path and body. */
  readonly request: string;
}

/** Any of the fields; undefined and absent mean the same: as it was. */
export type Patch<T> = { readonly [K in keyof T]?: T[K] | undefined };

export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

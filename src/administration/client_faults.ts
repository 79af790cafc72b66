/** Rules of clients that need more than the client itself: other APIs, and what belongs to Gatehouse. */
import { isClientId } from '../clients/index.js';
import type { FieldFault } from '../errors.js';
import type { DurableStores } from '../registry/index.js';
import type { GrantInput } from './grants.js';
import { isSystemAudience } from './system.js';

export const CLIENT_ID_RULE = 'must be 1 to 128 letters, digits and . _ ~ -';

/** Faults of a client id. */
export function idFaults(clientId: string): FieldFault[] {
  return isClientId(clientId) ? [] : [{ pointer: '/clientId', message: CLIENT_ID_RULE }];
}

/** Why a client cannot serve an API; undefined when it can. */
export function servesFault(audience: string, exists: boolean): string | undefined {
  if (isSystemAudience(audience)) return 'is served by Gatehouse itself';
  return exists ? undefined : `there is no API ${audience}`;
}

/** Faults of `serves` against the APIs as they are. */
export async function servesFaults(stores: DurableStores, serves: readonly string[]): Promise<FieldFault[]> {
  const known = new Set((await stores.apis.getMany(serves)).map((api) => api.audience));
  return serves.flatMap((audience, index) => {
    const message = servesFault(audience, known.has(audience));
    return message === undefined ? [] : [{ pointer: `/serves/${index}`, message }];
  });
}

/** Faults of grants that name an API more than once. */
export function twiceFaults(grants: readonly GrantInput[]): FieldFault[] {
  const seen = new Set<string>();
  return grants.flatMap(({ audience }, index) => {
    const again = seen.has(audience);
    seen.add(audience);
    return again ? [{ pointer: `/grants/${index}/audience`, message: 'is given twice' }] : [];
  });
}

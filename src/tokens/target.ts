/** Which API and scopes a request for a token means (RFC 8707 §2, RFC 6749 §3.3). Deny by default. */
import type { Grant, RegisteredClient } from '../clients/index.js';
import { GatehouseError } from '../errors.js';

export interface Target {
  readonly grant: Grant;
  /** Sorted, unique, all granted. */
  readonly scopes: readonly string[];
}

const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/;
const MAX_SCOPE = 4096;

/**
 * @param resource the audience that was asked for, if one was
 * @param scope the scopes that were asked for; all granted ones when absent
 * @throws GatehouseError `invalid_target` or `invalid_scope`, naming what is missing
 */
export function resolveTarget(
  client: RegisteredClient,
  resource: string | undefined,
  scope: string | undefined,
): Target {
  const asked = scope === undefined ? [] : parseScope(scope);
  const grant = resource === undefined ? onlyGrant(client, asked) : grantFor(client, resource);
  const missing = asked.filter((name) => !grant.scopes.includes(name));
  if (missing.length > 0) {
    throw new GatehouseError(
      'invalid_scope',
      `not granted to this client on ${grant.audience}: ${missing.join(' ')}`,
    );
  }
  return { grant, scopes: asked.length > 0 ? [...asked].sort() : grant.scopes };
}

export function parseScope(scope: string): string[] {
  if (scope.length > MAX_SCOPE || !SCOPE.test(scope)) {
    throw new GatehouseError(
      'invalid_scope',
      'scope must be scope tokens separated by single spaces (RFC 6749 section 3.3)',
    );
  }
  return [...new Set(scope.split(' '))];
}

function grantFor(client: RegisteredClient, resource: string): Grant {
  const grant = client.grants.find(({ audience }) => audience === resource);
  if (!grant) throw new GatehouseError('invalid_target', `the client has no grant for the API ${resource}`);
  return grant;
}

/** Without `resource`: the one API that the client's grants, or the scopes asked for, leave. */
function onlyGrant(client: RegisteredClient, asked: readonly string[]): Grant {
  const [first, ...others] = client.grants;
  if (!first) throw new GatehouseError('invalid_target', 'the client has no grant for any API');
  if (others.length === 0) return first;
  const candidates = client.grants.filter(
    ({ scopes }) => asked.length > 0 && asked.every((name) => scopes.includes(name)),
  );
  const [candidate, ...more] = candidates;
  if (candidate && more.length === 0) return candidate;
  if (asked.length > 0 && !candidate) {
    throw new GatehouseError('invalid_scope', `no single API grants this client all of: ${asked.join(' ')}`);
  }
  throw new GatehouseError(
    'invalid_target',
    'several APIs are possible; name one with the resource parameter (RFC 8707)',
  );
}

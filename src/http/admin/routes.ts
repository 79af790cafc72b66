/** The routes of the admin API: what each takes, which scope it needs and what it asks of the domain. */
import type { z } from 'zod';
import type { Administration, Caller, Once } from '../../administration/index.js';
import { GatehouseError } from '../../errors.js';
import * as s from './schemas.js';

export interface RouteRequest<B, Q> {
  readonly administration: Administration;
  readonly caller: Caller;
  readonly body: B;
  readonly query: Q;
  /** The named segment of the path, decoded; empty when there is none. */
  param(name: string): string;
  readonly version: number | undefined;
  readonly once: Once | undefined;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly scope: string;
  /** Another scope that opens the route too; the handler looks closer. */
  readonly orScope?: string;
  readonly summary: string;
  readonly status: 200 | 201 | 204;
  readonly body?: z.ZodType;
  readonly query: z.ZodType;
  /** True when the larger limit of bodies applies. */
  readonly large?: boolean;
  handle(request: RouteRequest<unknown, unknown>): Promise<unknown>;
}

type Spec<B extends z.ZodType, Q extends z.ZodType> = Omit<
  Route,
  'method' | 'path' | 'scope' | 'summary' | 'status' | 'body' | 'query' | 'handle'
> & {
  readonly body?: B;
  readonly query?: Q;
  readonly status?: Route['status'];
  readonly handle: (request: RouteRequest<z.output<B>, z.output<Q>>) => Promise<unknown>;
};

function route<B extends z.ZodType, Q extends z.ZodType = typeof s.nothing>(
  head: `${Route['method']} ${string}`,
  scope: string,
  summary: string,
  spec: Spec<B, Q>,
): Route {
  const [method, path] = head.split(' ') as [Route['method'], string];
  const { handle, query = s.nothing, status = 200, ...rest } = spec;
  // The request was parsed by the schemas of this very route.
  const run = (request: RouteRequest<unknown, unknown>): Promise<unknown> =>
    handle(request as RouteRequest<z.output<B>, z.output<Q>>);
  return { ...rest, method, path, scope, summary, query, status, handle: run };
}

/** Without what is undefined: filters tell absent from present. */
function filterOf<T extends object>(query: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(query).filter(
    ([name, v]) => v !== undefined && name !== 'limit' && name !== 'cursor',
  );
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

const all = <T>(items: T[]): { items: T[]; nextCursor: null } => ({ items, nextCursor: null });

const apis: Route[] = [
  route('GET /apis', 'apis:read', 'List APIs', {
    query: s.apiQuery,
    handle: (r) => r.administration.apis.list(filterOf(r.query), r.query),
  }),
  route('POST /apis', 'apis:write', 'Create an API', {
    body: s.apiCreate,
    status: 201,
    handle: (r) => r.administration.apis.create(r.caller, r.body.audience, r.body, r.once),
  }),
  route('GET /apis/{audience}', 'apis:read', 'Read an API', {
    handle: (r) => r.administration.apis.get(r.param('audience')),
  }),
  route('PATCH /apis/{audience}', 'apis:write', 'Change an API', {
    body: s.apiPatch,
    handle: (r) => r.administration.apis.update(r.caller, r.param('audience'), r.body, r.version),
  }),
  route('DELETE /apis/{audience}', 'apis:write', 'Delete an API with its grants', {
    status: 204,
    handle: (r) => r.administration.apis.remove(r.caller, r.param('audience'), r.version),
  }),
];

const clients: Route[] = [
  route('GET /clients', 'clients:read', 'List clients', {
    query: s.clientQuery,
    handle: (r) => r.administration.clients.list(filterOf(r.query), r.query),
  }),
  route('POST /clients', 'clients:write', 'Create a client; a generated secret is shown once', {
    body: s.clientCreate,
    status: 201,
    handle: (r) => r.administration.clients.create(r.caller, r.body, r.once),
  }),
  route('GET /clients/{id}', 'clients:read', 'Read a client with secrets and grants', {
    handle: (r) => r.administration.clients.get(r.param('id')),
  }),
  route('PATCH /clients/{id}', 'clients:write', 'Change, disable or enable a client', {
    body: s.clientPatch,
    handle: (r) => r.administration.clients.update(r.caller, r.param('id'), r.body, r.version),
  }),
  route('DELETE /clients/{id}', 'clients:write', 'Delete a client', {
    status: 204,
    handle: (r) => r.administration.clients.remove(r.caller, r.param('id'), r.version),
  }),
];

const secrets: Route[] = [
  route('GET /clients/{id}/secrets', 'clients:read', 'List the secrets of a client, never their values', {
    handle: async (r) => all(await r.administration.secrets.list(r.param('id'))),
  }),
  route('POST /clients/{id}/secrets', 'clients:write', 'Add a secret; a generated one is shown once', {
    body: s.secretCreate,
    status: 201,
    handle: (r) => r.administration.secrets.create(r.caller, r.param('id'), r.body, r.once),
  }),
  route('POST /clients/{id}/secrets/rotate', 'clients:write', 'Add a secret and let the others expire', {
    body: s.secretRotate,
    status: 201,
    handle: (r) => r.administration.secrets.rotate(r.caller, r.param('id'), r.body, r.once),
  }),
  route('PATCH /clients/{id}/secrets/{sid}', 'clients:write', 'Set or clear the expiry of a secret', {
    body: s.secretPatch,
    handle: (r) =>
      r.administration.secrets.setExpiry(r.caller, r.param('id'), r.param('sid'), r.body.expiresAt),
  }),
  route('DELETE /clients/{id}/secrets/{sid}', 'clients:write', 'Delete a secret', {
    status: 204,
    handle: (r) => r.administration.secrets.remove(r.caller, r.param('id'), r.param('sid')),
  }),
];

const grants: Route[] = [
  route('GET /clients/{id}/grants', 'clients:read', 'List the grants of a client', {
    handle: async (r) => all(await r.administration.grants.list(r.param('id'))),
  }),
  route('POST /clients/{id}/grants', 'clients:write', 'Add scopes to a grant', {
    body: s.grantInput,
    status: 201,
    handle: (r) => r.administration.grants.add(r.caller, r.param('id'), r.body, r.once),
  }),
  route('PUT /clients/{id}/grants/{audience}', 'clients:write', 'Set the scopes of a grant', {
    body: s.grantScopes,
    handle: (r) =>
      r.administration.grants.set(r.caller, r.param('id'), { audience: r.param('audience'), ...r.body }),
  }),
  route('DELETE /clients/{id}/grants/{audience}', 'clients:write', 'Remove scopes, or the whole grant', {
    query: s.grantRemoval,
    status: 204,
    handle: (r) => {
      const scopes = r.query.scope?.split(' ').filter((scope) => scope !== '');
      return r.administration.grants.remove(r.caller, r.param('id'), r.param('audience'), scopes);
    },
  }),
];

const records: Route[] = [
  route('GET /keys', 'keys:read', 'List public signing keys', {
    query: s.pageless,
    handle: (r) => r.administration.records.keys(),
  }),
  route('GET /revocations', 'revocations:read', 'List revocations', {
    query: s.revocationQuery,
    handle: (r) => r.administration.revocations.list(filterOf(r.query), r.query),
  }),
  route('POST /revocations', 'revocations:write', 'Revoke a token, all tokens of a client, or a key', {
    body: s.revocationCreate,
    status: 201,
    handle: (r) => r.administration.revocations.create(r.caller, r.body, r.once),
  }),
  route('GET /revocations/{id}', 'revocations:read', 'Read a revocation', {
    handle: (r) => r.administration.revocations.get(r.param('id')),
  }),
  route('GET /audit', 'audit:read', 'Read the audit log, newest first', {
    query: s.auditQuery,
    handle: (r) => r.administration.records.audit(filterOf(r.query), r.query),
  }),
];

const configuration: Route[] = [
  route('POST /apply', 'config:write', 'Apply a configuration document, or plan to', {
    orScope: 'config:read',
    body: s.applyRequest,
    large: true,
    handle: (r) => {
      if (r.body.dryRun !== true && !r.caller.scopes.has('config:write')) {
        throw new GatehouseError('insufficient_scope', 'this needs the scope config:write');
      }
      return r.administration.configuration.apply(r.caller, r.body.document, r.body);
    },
  }),
  route('GET /export', 'config:read', 'Export the configuration as a document', {
    handle: async (r) => ({ document: await r.administration.configuration.export() }),
  }),
];

export const ROUTES: readonly Route[] = [
  ...apis,
  ...clients,
  ...secrets,
  ...grants,
  ...records,
  ...configuration,
];

/** Routes of grants. */
import { onePage } from '../../components.js';
import { route } from '../../route.js';
import { clientParams } from '../clients/schema.js';
import { grant, grantInput, grantPage, grantParams, grantRemoval, grantScopes } from './schema.js';

const endpoint = 'grants';

export const grantRoutes = [
  route('GET /clients/{id}/grants', 'clients:read', {
    endpoint,
    summary: 'List the grants of a client',
    status: 200,
    params: clientParams,
    response: grantPage,
    handle: async ({ administration, params }) => onePage(await administration.grants.list(params.id)),
  }),
  route('POST /clients/{id}/grants', 'clients:write', {
    endpoint,
    summary: 'Let a client ask for scopes of an API',
    description: 'Adds to what it already may ask for.',
    status: 201,
    params: clientParams,
    body: grantInput,
    response: grant,
    handle: ({ administration, caller, params, body, once }) =>
      administration.grants.add(caller, params.id, body, once),
  }),
  route('PUT /clients/{id}/grants/{audience}', 'clients:write', {
    endpoint,
    summary: 'Set the scopes that a client may ask of an API',
    status: 200,
    ifMatch: true,
    params: grantParams,
    body: grantScopes,
    response: grant,
    handle: ({ administration, caller, params, body, expected }) =>
      administration.grants.set(caller, params.id, { audience: params.audience, ...body }, expected),
  }),
  route('DELETE /clients/{id}/grants/{audience}', 'clients:write', {
    endpoint,
    summary: 'Take scopes, or the whole grant, from a client',
    status: 204,
    ifMatch: true,
    params: grantParams,
    query: grantRemoval,
    handle: async ({ administration, caller, params, query, expected }) => {
      const scopes = query.scope?.split(' ').filter((scope) => scope !== '');
      await administration.grants.remove(caller, params.id, params.audience, { scopes, expected });
      return undefined;
    },
  }),
];

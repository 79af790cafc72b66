/** Routes of clients. */
import { filterOf } from '../../components.js';
import { route } from '../../route.js';
import {
  client,
  clientCreate,
  clientDetail,
  clientPage,
  clientParams,
  clientPatch,
  clientQuery,
  newClient,
} from './schema.js';

const endpoint = 'clients';

export const clientRoutes = [
  route('GET /clients', 'clients:read', {
    endpoint,
    summary: 'List clients',
    status: 200,
    query: clientQuery,
    response: clientPage,
    handle: ({ administration, query }) => administration.clients.list(filterOf(query), query),
  }),
  route('POST /clients', 'clients:write', {
    endpoint,
    summary: 'Create a client',
    description: 'A client that authenticates by secret gets one, which is shown here and never again.',
    status: 201,
    body: clientCreate,
    response: newClient,
    handle: ({ administration, caller, body, once }) => administration.clients.create(caller, body, once),
  }),
  route('GET /clients/{id}', 'clients:read', {
    endpoint,
    summary: 'Read a client with its grants and what is known of its secrets',
    status: 200,
    params: clientParams,
    response: clientDetail,
    handle: ({ administration, params }) => administration.clients.get(params.id),
  }),
  route('PATCH /clients/{id}', 'clients:write', {
    endpoint,
    summary: 'Change, disable or enable a client',
    description: 'What is not given stays. `enabled: false` ends its tokens at once.',
    status: 200,
    ifMatch: true,
    params: clientParams,
    body: clientPatch,
    response: client,
    handle: ({ administration, caller, params, body, expected }) =>
      administration.clients.update(caller, params.id, body, expected),
  }),
  route('DELETE /clients/{id}', 'clients:write', {
    endpoint,
    summary: 'Delete a client',
    description: 'Its secrets and grants go with it, and its tokens end at once.',
    status: 204,
    ifMatch: true,
    params: clientParams,
    handle: async ({ administration, caller, params, expected }) => {
      await administration.clients.remove(caller, params.id, expected);
      return undefined;
    },
  }),
];

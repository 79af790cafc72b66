/** Routes of APIs. */
import { filterOf } from '../../components.js';
import { route } from '../../route.js';
import { api, apiCreate, apiPage, apiParams, apiPatch, apiQuery, force } from './schema.js';

const endpoint = 'apis';

export const apiRoutes = [
  route('GET /apis', 'apis:read', {
    endpoint,
    summary: 'List APIs',
    status: 200,
    query: apiQuery,
    response: apiPage,
    handle: ({ administration, query }) => administration.apis.list(filterOf(query), query),
  }),
  route('POST /apis', 'apis:write', {
    endpoint,
    summary: 'Create an API',
    status: 201,
    body: apiCreate,
    response: api,
    handle: ({ administration, caller, body, once }) =>
      administration.apis.create(caller, body.audience, body, once),
  }),
  route('GET /apis/{audience}', 'apis:read', {
    endpoint,
    summary: 'Read an API',
    status: 200,
    params: apiParams,
    response: api,
    handle: ({ administration, params }) => administration.apis.get(params.audience),
  }),
  route('PATCH /apis/{audience}', 'apis:write', {
    endpoint,
    summary: 'Change an API',
    description: 'What is not given stays. A scope that clients still hold is taken away with `force` only.',
    status: 200,
    ifMatch: true,
    params: apiParams,
    query: force,
    body: apiPatch,
    response: api,
    handle: ({ administration, caller, params, query, body, expected }) =>
      administration.apis.update(caller, params.audience, body, { expected, force: query.force }),
  }),
  route('DELETE /apis/{audience}', 'apis:write', {
    endpoint,
    summary: 'Delete an API',
    description: 'One that clients hold grants for, or serve, is deleted with these by `force` only.',
    status: 204,
    ifMatch: true,
    params: apiParams,
    query: force,
    handle: async ({ administration, caller, params, query, expected }) => {
      await administration.apis.remove(caller, params.audience, { expected, force: query.force });
      return undefined;
    },
  }),
];

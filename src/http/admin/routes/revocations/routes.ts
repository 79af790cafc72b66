/** Routes of revocations. */
import { filterOf } from '../../components.js';
import { route } from '../../route.js';
import { revocation, revocationCreate, revocationPage, revocationParams, revocationQuery } from './schema.js';

const endpoint = 'revocations';

export const revocationRoutes = [
  route('GET /revocations', 'revocations:read', {
    endpoint,
    summary: 'List revocations, newest first',
    status: 200,
    query: revocationQuery,
    response: revocationPage,
    handle: ({ administration, query }) => administration.revocations.list(filterOf(query), query),
  }),
  route('POST /revocations', 'revocations:write', {
    endpoint,
    summary: 'Revoke a token, all tokens of a client, or a signing key',
    description: 'Every node refuses what was revoked within a second. A key needs `keys:write` too.',
    status: 201,
    body: revocationCreate,
    response: revocation,
    handle: ({ administration, caller, body, once }) => administration.revocations.create(caller, body, once),
  }),
  route('GET /revocations/{id}', 'revocations:read', {
    endpoint,
    summary: 'Read a revocation',
    status: 200,
    params: revocationParams,
    response: revocation,
    handle: ({ administration, params }) => administration.revocations.get(params.id),
  }),
];

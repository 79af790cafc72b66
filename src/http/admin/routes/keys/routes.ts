/** Routes of signing keys, and their shape: public parts alone. */
import { z } from 'zod';
import { KEY_PHASES } from '../../../../keys/index.js';
import { moment, pageOf, pageQuery, responseShape } from '../../components.js';
import { route } from '../../route.js';

const key = responseShape(
  'Key',
  z.strictObject({
    kid: z.string(),
    alg: z.string(),
    phase: z.enum(KEY_PHASES),
    createdAt: moment,
    activatedAt: moment.nullable(),
    revokedAt: moment.nullable(),
    publicJwk: z.looseObject({ kty: z.string().optional() }),
  }),
);
const keyPage = pageOf('KeyPage', key);

export const keyRoutes = [
  route('GET /keys', 'keys:read', {
    endpoint: 'keys',
    summary: 'List signing keys',
    description: 'Public parts and phases. There are never more than a page of them.',
    status: 200,
    query: z.strictObject(pageQuery),
    response: keyPage,
    handle: ({ administration }) => administration.records.keys(),
  }),
];

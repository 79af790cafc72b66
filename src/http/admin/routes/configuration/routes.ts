/** Routes of configuration as code, and their shapes. The document's own shape is the domain's. */
import { z } from 'zod';
import { documentSchema, ScopeMissing } from '../../../../administration/index.js';
import { requestShape, responseShape } from '../../components.js';
import { route } from '../../route.js';

const example = {
  version: 1,
  apis: [{ audience: 'https://api.example.com/orders', scopes: { 'orders:read': 'Read orders' } }],
  clients: [{ name: 'shop', grants: { 'https://api.example.com/orders': ['orders:read'] } }],
};

/** Described in full and read as it is: the domain checks its entries without stopping the process for long. */
const applyRequest = z.strictObject({
  document: z.unknown(),
  dryRun: z.boolean().optional(),
  prune: z.boolean().optional(),
});
export const document = requestShape('Document', documentSchema, example);
/** The description of {@link applyRequest}. */
export const applyDescription = requestShape(
  'ApplyRequest',
  z.strictObject({
    document,
    dryRun: z.boolean().optional().describe('Plan only. Default: false.'),
    prune: z.boolean().optional().describe('Delete what the document does not name. Default: false.'),
  }),
  { document: example, dryRun: true },
);

const change = responseShape(
  'PlannedChange',
  z.strictObject({
    kind: z.enum(['api', 'client', 'grant']),
    id: z
      .string()
      .describe(
        'Audience, client id, or both for a grant. In a dry run a new client has its name for an id.',
      ),
    name: z.string().optional(),
    action: z.enum(['create', 'update', 'delete']),
    fields: z.record(z.string(), z.strictObject({ from: z.unknown(), to: z.unknown() })),
  }),
);
const count = z.int().min(0);
const applyResult = responseShape(
  'ApplyResult',
  z.strictObject({
    plan: z.strictObject({
      changes: z.array(change),
      summary: z.strictObject({ create: count, update: count, delete: count, unchanged: count }),
    }),
    applied: z.boolean(),
  }),
);
const exported = responseShape('Export', z.strictObject({ document: z.looseObject({}) }), {
  document: example,
});

export const configurationRoutes = [
  route('POST /apply', 'config:write', {
    endpoint: 'apply',
    summary: 'Make APIs, clients and grants as a document says',
    description: 'All or nothing. With `dryRun` nothing is changed, and `config:read` is enough.',
    status: 200,
    orScope: 'config:read',
    large: true,
    body: applyRequest,
    response: applyResult,
    handle: async ({ administration, caller, body }) => {
      if (body.dryRun !== true && !caller.scopes.has('config:write'))
        throw new ScopeMissing(['config:write']);
      return administration.configuration.apply(caller, body.document, body);
    },
  }),
  route('GET /export', 'config:read', {
    endpoint: 'export',
    summary: 'Export the configuration as a document',
    description: 'What apply takes; without secrets, and without what is as by default.',
    status: 200,
    response: exported,
    handle: async ({ administration }) => ({
      document: { ...(await administration.configuration.export()) },
    }),
  }),
];

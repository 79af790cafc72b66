/** The shapes of grants on the wire. */
import { z } from 'zod';
import { audienceField, clientIdField, scopesField } from '../../../../administration/index.js';
import { moment, pageOf, requestShape, responseShape } from '../../components.js';

export const grantInput = requestShape(
  'GrantInput',
  z.strictObject({ audience: audienceField, scopes: scopesField }),
  { audience: 'https://api.example.com/orders', scopes: ['orders:read'] },
);
export const grantScopes = requestShape('GrantScopes', z.strictObject({ scopes: scopesField }), {
  scopes: ['orders:read'],
});
export const grant = responseShape(
  'Grant',
  z.strictObject({
    clientId: z.string(),
    audience: z.string(),
    scopes: z.array(z.string()),
    createdAt: moment,
    updatedAt: moment,
  }),
  {
    clientId: 'c_Zm9vYmFyYmF6cXV4',
    audience: 'https://api.example.com/orders',
    scopes: ['orders:read'],
    createdAt: '2030-01-31T12:00:00.000Z',
    updatedAt: '2030-01-31T12:00:00.000Z',
  },
);
export const grantPage = pageOf('GrantPage', grant);
export const grantParams = z.strictObject({ id: clientIdField, audience: audienceField });
export const grantRemoval = z.strictObject({
  scope: z
    .string()
    .max(4096)
    .optional()
    .describe('Scopes to remove, apart by spaces; without it the whole grant.'),
});

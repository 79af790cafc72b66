/** Routes of client secrets. */
import { onePage } from '../../components.js';
import { route } from '../../route.js';
import { clientParams } from '../clients/schema.js';
import {
  newSecret,
  rotation,
  secret,
  secretCreate,
  secretPage,
  secretParams,
  secretPatch,
  secretRotate,
} from './schema.js';

const endpoint = 'client_secrets';

export const secretRoutes = [
  route('GET /clients/{id}/secrets', 'clients:read', {
    endpoint,
    summary: 'List the secrets of a client',
    description: 'Names, ages and last uses; never a value or a hash.',
    status: 200,
    params: clientParams,
    response: secretPage,
    handle: async ({ administration, params }) => onePage(await administration.secrets.list(params.id)),
  }),
  route('POST /clients/{id}/secrets', 'clients:write', {
    endpoint,
    summary: 'Add a secret',
    description: 'A generated value is shown once.',
    status: 201,
    params: clientParams,
    body: secretCreate,
    response: newSecret,
    handle: ({ administration, caller, params, body, once }) =>
      administration.secrets.create(caller, params.id, body, once),
  }),
  route('POST /clients/{id}/secrets/rotate', 'clients:write', {
    endpoint,
    summary: 'Replace the secrets of a client',
    description: 'Adds a secret; all others end after the overlap, or earlier if they would anyway.',
    status: 201,
    params: clientParams,
    body: secretRotate,
    response: rotation,
    handle: ({ administration, caller, params, body, once }) =>
      administration.secrets.rotate(caller, params.id, body, once),
  }),
  route('PATCH /clients/{id}/secrets/{sid}', 'clients:write', {
    endpoint,
    summary: 'Set or clear the expiry of a secret',
    status: 200,
    ifMatch: true,
    params: secretParams,
    body: secretPatch,
    response: secret,
    handle: ({ administration, caller, params, body, expected }) =>
      administration.secrets.setExpiry(caller, params.id, params.sid, body.expiresAt, expected),
  }),
  route('DELETE /clients/{id}/secrets/{sid}', 'clients:write', {
    endpoint,
    summary: 'Delete a secret',
    status: 204,
    ifMatch: true,
    params: secretParams,
    handle: async ({ administration, caller, params, expected }) => {
      await administration.secrets.remove(caller, params.id, params.sid, expected);
      return undefined;
    },
  }),
];

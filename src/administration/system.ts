/** The APIs and the client of Gatehouse itself. */
import { ADMIN_AUDIENCE, TOKENS_AUDIENCE, type ApiScope } from '../apis/index.js';

export const ADMIN_CLIENT_ID = 'gatehouse-admin';

/** Scopes of the admin API. */
export const ADMIN_SCOPES: readonly ApiScope[] = [
  { name: 'apis:read', description: 'Read APIs' },
  { name: 'apis:write', description: 'Create, change and delete APIs' },
  { name: 'audit:read', description: 'Read the audit log' },
  { name: 'clients:read', description: 'Read clients, their grants and what is known of their secrets' },
  { name: 'clients:write', description: 'Create, change and delete clients, secrets and grants' },
  { name: 'config:read', description: 'Export the configuration and plan changes to it' },
  { name: 'config:write', description: 'Apply a configuration document' },
  { name: 'keys:read', description: 'Read public signing keys and their phases' },
  { name: 'keys:write', description: 'Revoke signing keys' },
  { name: 'revocations:read', description: 'Read revocations' },
  { name: 'revocations:write', description: 'Revoke tokens and all tokens of a client' },
];

/** Scopes of the right to introspect and revoke tokens of any audience. */
export const TOKENS_SCOPES: readonly ApiScope[] = [
  { name: 'introspect', description: 'Introspect tokens of any audience' },
  { name: 'revoke', description: 'Revoke tokens of any client' },
];

export const SYSTEM_APIS = [
  { audience: ADMIN_AUDIENCE, description: 'The admin API of Gatehouse', scopes: ADMIN_SCOPES },
  {
    audience: TOKENS_AUDIENCE,
    description: 'Introspection and revocation of any token',
    scopes: TOKENS_SCOPES,
  },
] as const;

/** Whether an audience names an API of Gatehouse itself. */
export function isSystemAudience(audience: string): boolean {
  return audience.toLowerCase().startsWith('urn:gatehouse:');
}

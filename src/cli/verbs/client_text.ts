/** A client, its secrets and its grants as people read them. */
import { durationText } from '../duration.js';
import { fields, table } from '../output/table.js';
import type { Paint } from '../output/terminal.js';
import { visible } from '../output/visible.js';
import type { ClientAnswer, GrantAnswer, SecretAnswer } from '../wire.js';

export function clientText(client: ClientAnswer): string {
  const ttl = client.tokenTtl;
  const head = fields([
    ['client id', client.clientId],
    ['name', client.name],
    ['state', client.enabled ? 'enabled' : 'disabled'],
    ['type', client.type + (client.system ? ' (system)' : '')],
    ['description', client.description],
    ['owner', client.ownerContact],
    ['authenticates by', client.authMethods.join(', ')],
    ['grant types', client.grantTypes.join(', ')],
    ['redirect uris', client.redirectUris.join(' ')],
    ['keys at', client.jwksUri ?? undefined],
    ['networks', client.allowedNetworks.join(', ')],
    ['token life', ttl === null || ttl === undefined ? undefined : durationText(ttl)],
    ['serves', client.serves.join(' ')],
    ['created', `${client.createdAt} by ${client.createdBy}`],
  ]);
  const parts = [head];
  if (client.grants !== undefined && client.grants.length > 0) parts.push(grantsText(client.grants));
  if (client.secrets !== undefined && client.secrets.length > 0) parts.push(secretsText(client.secrets));
  return parts.join('\n\n');
}

export function grantsText(grants: readonly GrantAnswer[]): string {
  return table(
    ['MAY CALL', 'SCOPES'],
    grants.map((grant) => [grant.audience, grant.scopes.join(' ')]),
  );
}

export function secretsText(secrets: readonly SecretAnswer[]): string {
  return table(
    ['SECRET', 'NAME', 'EXPIRES', 'LAST USED', 'FROM', 'CREATED'],
    secrets.map((secret) => [
      secret.id,
      secret.name,
      secret.expiresAt ?? 'never',
      secret.lastUsedAt ?? 'never',
      secret.lastUsedFrom ?? '',
      secret.createdAt,
    ]),
  );
}

/** A new secret is shown once and can never be read again. */
export function newSecretText(clientId: string, clientSecret: string, paint: Paint): string {
  const pair = fields([
    ['client id', clientId],
    ['client secret', clientSecret],
  ]);
  return `${pair}\n${paint('yellow', 'Store the secret now: it is not shown again.')}`;
}

export const named = (what: string, id: string): string => `${what} ${visible(id)}`;

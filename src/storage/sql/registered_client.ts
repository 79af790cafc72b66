/** A client with its secrets and grants in one round trip, on the path of every cache miss. */
import type { Client, ClientSecret, Grant, RegisteredClient } from '../../clients/index.js';
import type { SqlQuery } from './database.js';

/** JSON has neither bytes nor dates: they come as hexadecimal and ISO 8601. */
type SecretJson = Omit<ClientSecret, 'hash' | 'expiresAt' | 'createdAt' | 'lastUsedAt'> & {
  hash: string;
  expiresAt: string | null;
  createdAt: string;
  lastUsedAt: string | null;
};
type GrantJson = Omit<Grant, 'createdAt' | 'updatedAt'> & { createdAt: string; updatedAt: string };
type Row = Client & { secretRows: SecretJson[]; grantRows: GrantJson[] };

const SECRETS = `COALESCE((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name, 'scheme', s.scheme,
  'hash', encode(s.hash, 'hex'), 'pepperId', s.pepper_id, 'expiresAt', s.expires_at, 'createdAt', s.created_at,
  'createdBy', s.created_by, 'lastUsedAt', s.last_used_at, 'lastUsedFrom', s.last_used_from)
  ORDER BY s.created_at, s.id) FROM client_secrets s WHERE s.client_id = c.id), '[]'::jsonb)`;
const GRANTS = `COALESCE((SELECT jsonb_agg(jsonb_build_object('clientId', g.client_id, 'audience', g.audience,
  'scopes', g.scopes, 'createdAt', g.created_at, 'updatedAt', g.updated_at) ORDER BY g.audience)
  FROM grants g WHERE g.client_id = c.id), '[]'::jsonb)`;

const date = (text: string | null): Date | null => (text === null ? null : new Date(text));

export async function registeredClient(
  sql: SqlQuery,
  id: string,
  columns: string,
): Promise<RegisteredClient | undefined> {
  const [row] = await sql.query<Row>(
    `SELECT ${columns}, ${SECRETS} AS "secretRows", ${GRANTS} AS "grantRows" FROM clients c WHERE c.id = $1`,
    [id],
  );
  if (!row) return undefined;
  const { secretRows, grantRows, ...client } = row;
  return {
    ...client,
    secrets: secretRows.map((secret) => ({
      ...secret,
      hash: Buffer.from(secret.hash, 'hex'),
      expiresAt: date(secret.expiresAt),
      createdAt: new Date(secret.createdAt),
      lastUsedAt: date(secret.lastUsedAt),
    })),
    grants: grantRows.map((grant) => ({
      ...grant,
      createdAt: new Date(grant.createdAt),
      updatedAt: new Date(grant.updatedAt),
    })),
  };
}

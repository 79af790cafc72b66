/** Clients with their secrets and grants in one round trip: one on every cache miss, many when they are read ahead. */
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

/**
 * Memory of its own for what is kept for long: a slice of node's shared pool would keep all 8 KiB of it from being freed.
 */
function unpooled(hex: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(hex.length / 2);
  bytes.write(hex, 'hex');
  return bytes;
}

function revive({ secretRows, grantRows, ...client }: Row): RegisteredClient {
  return {
    ...client,
    secrets: secretRows.map((secret) => ({
      ...secret,
      hash: unpooled(secret.hash),
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

/** @param columns of the client, in the names of the domain */
export async function registeredClient(
  sql: SqlQuery,
  id: string,
  columns: string,
): Promise<RegisteredClient | undefined> {
  const [row] = await sql.query<Row>(
    `SELECT ${columns}, ${SECRETS} AS "secretRows", ${GRANTS} AS "grantRows" FROM clients c WHERE c.id = $1`,
    [id],
  );
  return row && revive(row);
}

/** The clients after an id, in the order of their ids; `after` is empty for the first. */
export async function registeredClients(
  sql: SqlQuery,
  after: string,
  limit: number,
  columns: string,
): Promise<RegisteredClient[]> {
  const rows = await sql.query<Row>(
    `SELECT ${columns}, ${SECRETS} AS "secretRows", ${GRANTS} AS "grantRows" FROM clients c
     WHERE c.id > $1 ORDER BY c.id LIMIT $2`,
    [after, limit],
  );
  return rows.map(revive);
}

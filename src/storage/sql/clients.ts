/** Clients in SQL, with the audiences that they serve. */
import type { Client, ClientFields, ClientStore, NewClient } from '../../clients/index.js';
import { GatehouseError } from '../../errors.js';
import { chunks, containing } from './database.js';
import type { SqlQuery } from './database.js';
import { registeredClient, registeredClients } from './registered_client.js';

/** Settable columns: name in SQL, type, name in the domain. */
const FIELDS = [
  ['name', 'text', 'name'],
  ['description', 'text', 'description'],
  ['owner_contact', 'text', 'ownerContact'],
  ['type', 'text', 'type'],
  ['auth_methods', 'text[]', 'authMethods'],
  ['grant_types', 'text[]', 'grantTypes'],
  ['redirect_uris', 'text[]', 'redirectUris'],
  ['post_logout_redirect_uris', 'text[]', 'postLogoutRedirectUris'],
  ['backchannel_logout_uri', 'text', 'backchannelLogoutUri'],
  ['id_token_alg', 'text', 'idTokenAlg'],
  ['pkce', 'text', 'pkce'],
  ['jwks', 'jsonb', 'jwks'],
  ['jwks_uri', 'text', 'jwksUri'],
  ['tls_subject', 'jsonb', 'tlsSubject'],
  ['token_ttl', 'integer', 'tokenTtl'],
  ['allowed_networks', 'text[]', 'allowedNetworks'],
  ['enabled', 'boolean', 'enabled'],
] as const satisfies readonly (readonly [string, string, keyof ClientFields])[];

const NAMES = FIELDS.map(([column]) => column).join(', ');
const RECORD = FIELDS.map(([column, type]) => `${column} ${type}`).join(', ');
export const CLIENT_COLUMNS = [
  ...FIELDS.map(([column, , field]) => `c.${column} AS "${field}"`),
  'c.id',
  'c.system',
  'c.version',
  'c.created_at AS "createdAt"',
  'c.updated_at AS "updatedAt"',
  'c.created_by AS "createdBy"',
  'ARRAY(SELECT s.audience FROM client_serves s WHERE s.client_id = c.id ORDER BY s.audience) AS serves',
].join(', ');

function rows(clients: readonly (ClientFields & { readonly id: string })[]): string {
  return JSON.stringify(
    clients.map((client) => ({
      ...Object.fromEntries(FIELDS.map(([column, , field]) => [column, client[field]])),
      id: client.id,
      system: 'system' in client ? client.system : undefined,
      created_by: 'createdBy' in client ? client.createdBy : undefined,
    })),
  );
}

async function addServes(sql: SqlQuery, clients: readonly (ClientFields & { id: string })[]): Promise<void> {
  const serves = clients.flatMap((client) => client.serves.map((audience) => ({ id: client.id, audience })));
  for (const chunk of chunks(serves)) {
    await sql.query(
      `INSERT INTO client_serves (client_id, audience) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
      [chunk.map((item) => item.id), chunk.map((item) => item.audience)],
    );
  }
}

async function byIds(sql: SqlQuery, ids: readonly string[]): Promise<Client[]> {
  const found: Client[] = [];
  for (const chunk of chunks(ids)) {
    found.push(
      ...(await sql.query<Client>(`SELECT ${CLIENT_COLUMNS} FROM clients c WHERE c.id = ANY($1::text[])`, [
        [...chunk],
      ])),
    );
  }
  return found;
}

/** The clients of `ids`, in that order. */
async function ordered(sql: SqlQuery, ids: readonly string[]): Promise<Client[]> {
  const found = new Map((await byIds(sql, ids)).map((client) => [client.id, client]));
  return ids.flatMap((id) => found.get(id) ?? []);
}

function insertMany(root: SqlQuery, clients: readonly NewClient[]): Promise<Client[]> {
  return root.atomically(async (sql) => {
    for (const chunk of chunks(clients)) {
      await sql.query(
        `INSERT INTO clients (${NAMES}, id, system, created_by)
         SELECT ${NAMES}, id, system, created_by
         FROM jsonb_to_recordset($1::jsonb) AS r (${RECORD}, id text, system boolean, created_by text)`,
        [rows(chunk)],
      );
      await addServes(sql, chunk);
    }
    return ordered(
      sql,
      clients.map((client) => client.id),
    );
  });
}

function updateMany(
  root: SqlQuery,
  clients: readonly (ClientFields & { readonly id: string })[],
): Promise<Client[]> {
  const assignments = FIELDS.map(([column]) => `${column} = r.${column}`).join(', ');
  return root.atomically(async (sql) => {
    for (const chunk of chunks(clients)) {
      const done = await sql.query(
        `UPDATE clients c SET ${assignments}, version = c.version + 1, updated_at = now()
         FROM jsonb_to_recordset($1::jsonb) AS r (${RECORD}, id text) WHERE c.id = r.id RETURNING c.id`,
        [rows(chunk)],
      );
      if (done.length !== chunk.length)
        throw new GatehouseError('not_found', 'A client to be changed does not exist');
      await sql.query('DELETE FROM client_serves WHERE client_id = ANY($1::text[])', [
        chunk.map((client) => client.id),
      ]);
      await addServes(sql, chunk);
    }
    return ordered(
      sql,
      clients.map((client) => client.id),
    );
  });
}

function deleteMany(root: SqlQuery, ids: readonly string[]): Promise<number> {
  return root.atomically(async (sql) => {
    let count = 0;
    for (const chunk of chunks(ids)) {
      const gone = await sql.query('DELETE FROM clients WHERE id = ANY($1::text[]) RETURNING id', [
        [...chunk],
      ]);
      count += gone.length;
    }
    return count;
  });
}

export function clientStore(sql: SqlQuery): ClientStore {
  return {
    get: async (id) =>
      (await sql.query<Client>(`SELECT ${CLIENT_COLUMNS} FROM clients c WHERE c.id = $1`, [id]))[0],
    getRegistered: (id) => registeredClient(sql, id, CLIENT_COLUMNS),
    listRegistered: (after, limit) => registeredClients(sql, after, limit, CLIENT_COLUMNS),
    getMany: (ids) => byIds(sql, ids),
    getByNames: async (names) => {
      const found: Client[] = [];
      for (const chunk of chunks(names)) {
        const page = await sql.query<Client>(
          `SELECT ${CLIENT_COLUMNS} FROM clients c WHERE c.name = ANY($1::text[])`,
          [[...chunk]],
        );
        found.push(...page);
      }
      return found;
    },
    list: (filter, after, limit) =>
      sql.query<Client>(
        `SELECT ${CLIENT_COLUMNS} FROM clients c
         WHERE ($1::text IS NULL OR c.id ILIKE $1 OR c.name ILIKE $1 OR c.description ILIKE $1)
         AND ($2::text IS NULL OR c.name = $2) AND ($3::boolean IS NULL OR c.enabled = $3)
         AND ($4::text IS NULL OR c.type = $4)
         AND ($5::text IS NULL OR EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id AND g.audience = $5))
         AND ($6::text IS NULL OR EXISTS (SELECT 1 FROM client_serves s WHERE s.client_id = c.id AND s.audience = $6))
         AND ($7::text IS NULL OR c.id > $7) ORDER BY c.id LIMIT $8`,
        [
          filter.q === undefined ? null : containing(filter.q),
          filter.name ?? null,
          filter.enabled ?? null,
          filter.type ?? null,
          filter.audience ?? null,
          filter.serves ?? null,
          after ?? null,
          limit,
        ],
      ),
    insertMany: (clients) => insertMany(sql, clients),
    updateMany: (clients) => updateMany(sql, clients),
    deleteMany: (ids) => deleteMany(sql, ids),
  };
}

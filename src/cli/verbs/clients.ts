/** `gatehouse clients`: list, show, update, enable, disable, delete. Creating, grants and secrets have files of their own. */
import type { Command } from 'commander';
import { CLIENT_TYPES } from '../../clients/types.js';
import { usageFailure } from '../failure.js';
import { table } from '../output/table.js';
import { AdminClient, path } from '../remote/admin_client.js';
import type { Shell } from '../shell.js';
import { addGroup, addVerb, choice, collectOf, show, type JsonOption } from '../verb.js';
import { clientShape, type ClientAnswer } from '../wire.js';
import { addClientCreate } from './client_create.js';
import { addClientFieldOptions, clientFields, type ClientFieldOptions } from './client_fields.js';
import { addClientGrants } from './client_grants.js';
import { addClientSecrets } from './client_secrets.js';
import { clientText, named } from './client_text.js';
import { addListOptions, showList, type ListOptions } from './listing.js';

export function addClients(program: Command, shell: Shell): void {
  const clients = addGroup(
    program,
    'clients',
    'Register and change clients, their grants and their secrets',
    [
      'gatehouse clients create orders --api urn:shop:inventory --scope inventory:read',
      'gatehouse clients show <clientId>',
      'gatehouse clients rotate-secret <clientId> --overlap 7d',
    ],
  );
  addClientCreate(clients, shell);
  addList(clients, shell);
  addShow(clients, shell);
  addUpdate(clients, shell);
  addSwitch(clients, shell, false);
  addSwitch(clients, shell, true);
  addDelete(clients, shell);
  addClientGrants(clients, shell);
  addClientSecrets(clients, shell);
}

interface FilterOptions extends ListOptions {
  readonly query?: string;
  readonly name?: string;
  readonly type?: string;
  readonly api?: string;
  readonly serves?: string;
  readonly enabled?: boolean;
  readonly disabled?: boolean;
}

function addList(clients: Command, shell: Shell): void {
  addListOptions(
    addVerb(clients, {
      usage: 'list',
      summary: 'List the clients',
      examples: [
        'gatehouse clients list',
        'gatehouse clients list --api urn:shop:inventory',
        'gatehouse clients list --disabled --json',
      ],
    })
      .option('--query <text>', 'only those with this text in id, name or description')
      .option('--name <name>', 'only those of this name')
      .addOption(choice('--type <type>', 'only those of this type', CLIENT_TYPES))
      .option('--api <uri>', 'only those that may call this API')
      .option('--serves <uri>', 'only those that serve this API')
      .option('--enabled', 'only enabled ones')
      .option('--disabled', 'only disabled ones'),
  ).action(async (options: FilterOptions) => {
    const { query: q, name, type, api: audience, serves } = options;
    if (options.enabled === true && options.disabled === true)
      throw usageFailure('--enabled and --disabled exclude each other');
    const enabled = options.enabled === true ? 'true' : options.disabled === true ? 'false' : undefined;
    await showList(shell, new AdminClient(shell, ['clients:read']), options, {
      path: '/clients',
      query: { q, name, type, audience, serves, enabled },
      shape: clientShape,
      text: listText,
    });
  });
}

function listText(items: readonly ClientAnswer[]): string {
  const rows = items.map((client) => [
    client.clientId,
    client.name,
    client.type,
    client.enabled ? 'enabled' : 'disabled',
    client.serves.join(' '),
    client.ownerContact,
  ]);
  return table(['CLIENT ID', 'NAME', 'TYPE', 'STATE', 'SERVES', 'OWNER'], rows);
}

function addShow(clients: Command, shell: Shell): void {
  addVerb(clients, {
    usage: 'show <clientId>',
    summary: 'Show one client with its grants and the names of its secrets',
    examples: ['gatehouse clients show <clientId>', 'gatehouse clients show <clientId> --json'],
  }).action(async (id: string, options: JsonOption) => {
    const admin = new AdminClient(shell, ['clients:read']);
    const client = await admin.call(clientShape, { method: 'GET', path: path`/clients/${id}` });
    show(shell, options, client, () => clientText(client));
  });
}

/** What `--unset` sets a field to, by the name of its option. */
const UNSET: Readonly<Record<string, readonly [field: string, value: unknown]>> = {
  description: ['description', ''],
  owner: ['ownerContact', ''],
  'redirect-uri': ['redirectUris', []],
  'post-logout-redirect-uri': ['postLogoutRedirectUris', []],
  'backchannel-logout-uri': ['backchannelLogoutUri', null],
  'id-token-alg': ['idTokenAlg', null],
  'jwks-file': ['jwks', null],
  'jwks-uri': ['jwksUri', null],
  'tls-subject': ['tlsSubject', null],
  'token-ttl': ['tokenTtl', null],
  'allowed-network': ['allowedNetworks', []],
  serves: ['serves', []],
};

interface UpdateOptions extends ClientFieldOptions, JsonOption {
  readonly name?: string;
  readonly unset?: string[];
}

function addUpdate(clients: Command, shell: Shell): void {
  addClientFieldOptions(
    addVerb(clients, {
      usage: 'update <clientId>',
      summary: 'Change a client',
      details: 'What is not named stays as it is; a list such as --serves replaces the whole list.',
      examples: [
        'gatehouse clients update <clientId> --owner team-orders@example.com --token-ttl 5m',
        'gatehouse clients update <clientId> --unset allowed-network',
      ],
    }),
  )
    .option('--name <name>', 'a new name')
    .option(
      '--unset <option>',
      `take an option back; can be repeated (${Object.keys(UNSET).join(', ')})`,
      collectOf(Object.keys(UNSET)),
    )
    .action(async (id: string, options: UpdateOptions) => {
      const body = updateBody(options);
      const admin = new AdminClient(shell, ['clients:read', 'clients:write']);
      const now = await admin.call(clientShape, { method: 'GET', path: path`/clients/${id}` });
      const request = { method: 'PATCH', path: path`/clients/${id}`, version: now.version, body } as const;
      const client = await admin.call(clientShape, request);
      show(shell, options, client, () => clientText(client));
    });
}

function updateBody(options: UpdateOptions): Record<string, unknown> {
  const given = { ...clientFields(options), ...(options.name === undefined ? {} : { name: options.name }) };
  const unset = Object.fromEntries(
    (options.unset ?? []).flatMap((name) => (UNSET[name] ? [UNSET[name]] : [])),
  );
  const both = Object.keys(given).find((field) => field in unset);
  if (both !== undefined) throw usageFailure(`${both} is both set and unset`);
  if (Object.keys(given).length + Object.keys(unset).length === 0)
    throw usageFailure('nothing to change was given', 'see `gatehouse clients update --help`');
  return { ...given, ...unset };
}

function addSwitch(clients: Command, shell: Shell, enabled: boolean): void {
  const [verb, summary] = enabled
    ? ['enable', 'Let a disabled client get tokens again']
    : ['disable', 'Stop a client: no new tokens, and its tokens become inactive'];
  addVerb(clients, {
    usage: `${verb} <clientId>`,
    summary,
    examples: [`gatehouse clients ${verb} <clientId>`],
  }).action(async (id: string, options: JsonOption) => {
    const admin = new AdminClient(shell, ['clients:write']);
    const request = { method: 'PATCH', path: path`/clients/${id}`, body: { enabled } } as const;
    const client = await admin.call(clientShape, request);
    show(shell, options, client, () => named(`${verb}d`, client.clientId));
  });
}

function addDelete(clients: Command, shell: Shell): void {
  addVerb(clients, {
    usage: 'delete <clientId>',
    summary: 'Delete a client with its grants and secrets',
    examples: ['gatehouse clients delete <clientId>'],
  }).action(async (id: string, options: JsonOption) => {
    const admin = new AdminClient(shell, ['clients:write']);
    await admin.send({ method: 'DELETE', path: path`/clients/${id}` });
    show(shell, options, { clientId: id, deleted: true }, () => named('deleted', id));
  });
}

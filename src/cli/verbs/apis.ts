/** `gatehouse apis`: the APIs that tokens are for. */
import { InvalidArgumentError, type Command } from 'commander';
import { SIGNING_ALGS, TOKEN_BINDINGS, TOKEN_FORMATS } from '../../apis/types.js';
import { durationText, parseDuration } from '../duration.js';
import { usageFailure } from '../failure.js';
import { fields, table } from '../output/table.js';
import { visible } from '../output/visible.js';
import { AdminClient, path } from '../remote/admin_client.js';
import type { Shell } from '../shell.js';
import { addGroup, addVerb, choice, collect, show, words, type JsonOption } from '../verb.js';
import { apiShape, type ApiAnswer } from '../wire.js';
import { addListOptions, showList, type ListOptions } from './listing.js';

interface Scope {
  readonly name: string;
  readonly description: string;
}

interface ApiOptions extends JsonOption {
  readonly scope?: Scope[];
  readonly description?: string;
  readonly format?: string;
  readonly alg?: string;
  readonly ttl?: number;
  readonly binding?: string;
}

/** `NAME` or `NAME=TEXT`. */
function collectScope(text: string, previous: Scope[] | undefined): Scope[] {
  const cut = text.indexOf('=');
  const name = (cut === -1 ? text : text.slice(0, cut)).trim();
  if (name === '' || /\s/.test(name))
    throw new InvalidArgumentError('Use NAME or NAME=TEXT, one scope each.');
  return [...(previous ?? []), { name, description: cut === -1 ? '' : text.slice(cut + 1).trim() }];
}

function addFieldOptions(command: Command): Command {
  return command
    .option('--scope <name[=text]>', 'a scope and what it allows; can be repeated', collectScope)
    .option('--description <text>', 'what the API is')
    .addOption(choice('--format <format>', 'how its access tokens look', TOKEN_FORMATS))
    .addOption(choice('--alg <alg>', 'the algorithm that signs them', SIGNING_ALGS))
    .option('--ttl <duration>', 'how long they live, in seconds or as 10m', parseDuration)
    .addOption(choice('--binding <binding>', 'proof of possession that it demands', TOKEN_BINDINGS));
}

/** The fields that were given, by their names on the wire. */
function fieldsOf(options: ApiOptions): Record<string, unknown> {
  const given = {
    description: options.description,
    tokenFormat: options.format,
    signingAlg: options.alg,
    tokenTtl: options.ttl,
    tokenBinding: options.binding,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function apiText(api: ApiAnswer): string {
  const head = fields([
    ['audience', api.audience],
    ['description', api.description],
    ['tokens', `${api.tokenFormat}, ${api.signingAlg}, ${durationText(api.tokenTtl)}`],
    ['binding', api.tokenBinding],
    ['system', api.system ? 'yes' : undefined],
    ['version', String(api.version)],
  ]);
  if (api.scopes.length === 0) return `${head}\nno scopes`;
  const rows = api.scopes.map((scope) => [scope.name, scope.description]);
  return `${head}\n\n${table(['SCOPE', 'DESCRIPTION'], rows)}`;
}

export function addApis(program: Command, shell: Shell): void {
  const apis = addGroup(program, 'apis', 'Register and change the APIs that tokens are for', [
    'gatehouse apis create urn:shop:inventory --scope inventory:read --scope "inventory:write=Change stock"',
    'gatehouse apis list',
  ]);
  addCreate(apis, shell);
  addList(apis, shell);
  addShow(apis, shell);
  addUpdate(apis, shell);
  addDelete(apis, shell);
}

function addCreate(apis: Command, shell: Shell): void {
  addFieldOptions(
    addVerb(apis, {
      usage: 'create <uri>',
      summary: 'Register an API by its audience URI',
      examples: [
        'gatehouse apis create urn:shop:inventory --scope inventory:read --scope "inventory:write=Change stock"',
        'gatehouse apis create https://api.example.com/billing --scope billing:read --alg RS256 --ttl 5m',
        'gatehouse apis create urn:shop:vault --scope vault:open --format opaque --binding dpop --json',
      ],
    }),
  ).action(async (uri: string, options: ApiOptions) => {
    const body = { audience: uri, scopes: options.scope ?? [], ...fieldsOf(options) };
    const admin = new AdminClient(shell, ['apis:write']);
    const api = await admin.call(apiShape, { method: 'POST', path: '/apis', body, create: true });
    show(shell, options, api, () => apiText(api));
  });
}

function addList(apis: Command, shell: Shell): void {
  addListOptions(
    addVerb(apis, {
      usage: 'list',
      summary: 'List the APIs',
      examples: ['gatehouse apis list', 'gatehouse apis list --query inventory --json'],
    }).option('--query <text>', 'only those with this text in audience or description'),
  ).action(async (options: ListOptions & { query?: string }) => {
    const admin = new AdminClient(shell, ['apis:read']);
    await showList(shell, admin, options, {
      path: '/apis',
      query: { q: options.query },
      shape: apiShape,
      text: (items) =>
        table(
          ['AUDIENCE', 'TOKENS', 'LIFE', 'BINDING', 'SCOPES'],
          items.map((api) => [
            api.audience,
            `${api.tokenFormat} ${api.signingAlg}`,
            durationText(api.tokenTtl),
            api.tokenBinding,
            api.scopes.map((scope) => scope.name).join(' '),
          ]),
        ),
    });
  });
}

function addShow(apis: Command, shell: Shell): void {
  addVerb(apis, {
    usage: 'show <uri>',
    summary: 'Show one API',
    examples: ['gatehouse apis show urn:shop:inventory', 'gatehouse apis show urn:shop:inventory --json'],
  }).action(async (uri: string, options: JsonOption) => {
    const admin = new AdminClient(shell, ['apis:read']);
    const api = await admin.call(apiShape, { method: 'GET', path: path`/apis/${uri}` });
    show(shell, options, api, () => apiText(api));
  });
}

interface ForceOption {
  readonly force?: boolean;
}

/** The server refuses what would take grants away, unless it is told to. */
const forced = (options: ForceOption): Record<string, string> =>
  options.force === true ? { force: 'true' } : {};

interface UpdateOptions extends ApiOptions, ForceOption {
  readonly addScope?: Scope[];
  readonly removeScope?: string[];
}

function addUpdate(apis: Command, shell: Shell): void {
  addFieldOptions(
    addVerb(apis, {
      usage: 'update <uri>',
      summary: 'Change an API',
      details:
        'What is not named stays as it is. --scope replaces all scopes; --add-scope and --remove-scope change some.',
      examples: [
        'gatehouse apis update urn:shop:inventory --ttl 5m',
        'gatehouse apis update urn:shop:inventory --add-scope "inventory:audit=Read the stock history"',
      ],
    }),
  )
    .option('--add-scope <name[=text]>', 'add a scope or change its text; can be repeated', collectScope)
    .option('--remove-scope <name>', 'remove a scope; can be repeated', collect)
    .option('--force', 'take scopes that go away out of the grants that hold them')
    .action(async (uri: string, options: UpdateOptions) => {
      const changesScopes = (options.scope ?? options.addScope ?? options.removeScope) !== undefined;
      if (!changesScopes && Object.keys(fieldsOf(options)).length === 0)
        throw usageFailure('nothing to change was given', 'see `gatehouse apis update --help`');
      const admin = new AdminClient(shell, ['apis:read', 'apis:write']);
      const now = await admin.call(apiShape, { method: 'GET', path: path`/apis/${uri}` });
      const body = {
        ...fieldsOf(options),
        ...(changesScopes ? { scopes: changedScopes(options.scope ?? now.scopes, options) } : {}),
      };
      const api = await admin.call(apiShape, {
        method: 'PATCH',
        path: path`/apis/${uri}`,
        query: forced(options),
        version: now.version,
        body,
      });
      show(shell, options, api, () => apiText(api));
    });
}

/** @throws CliFailure when a scope that is to be removed is not there */
function changedScopes(scopes: readonly Scope[], options: UpdateOptions): Scope[] {
  const byName = new Map(scopes.map(({ name, description }) => [name, { name, description }]));
  for (const scope of options.addScope ?? []) byName.set(scope.name, scope);
  for (const name of words(options.removeScope ?? []))
    if (!byName.delete(name)) throw usageFailure(`the API has no scope "${name}"`);
  return [...byName.values()];
}

function addDelete(apis: Command, shell: Shell): void {
  addVerb(apis, {
    usage: 'delete <uri>',
    summary: 'Delete an API',
    examples: [
      'gatehouse apis delete urn:shop:inventory',
      'gatehouse apis delete urn:shop:inventory --force',
    ],
  })
    .option('--force', 'also when clients hold grants on it or serve it, with these')
    .action(async (uri: string, options: JsonOption & ForceOption) => {
      const admin = new AdminClient(shell, ['apis:write']);
      await admin.send({ method: 'DELETE', path: path`/apis/${uri}`, query: forced(options) });
      show(shell, options, { audience: uri, deleted: true }, () => `deleted ${visible(uri)}`);
    });
}

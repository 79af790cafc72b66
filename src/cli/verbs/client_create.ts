/** `gatehouse clients create`. */
import type { Command } from 'commander';
import { parseMoment } from '../duration.js';
import { AdminClient } from '../remote/admin_client.js';
import { readLine, type Shell } from '../shell.js';
import { addVerb, collect, show, type JsonOption } from '../verb.js';
import { clientShape } from '../wire.js';
import { addClientFieldOptions, clientFields, grantsOf, type ClientFieldOptions } from './client_fields.js';
import { clientText, newSecretText } from './client_text.js';

interface CreateOptions extends ClientFieldOptions, JsonOption {
  readonly clientId?: string;
  readonly api?: string[];
  readonly scope?: string[];
  readonly disabled?: boolean;
  readonly secretName?: string;
  readonly secretExpires?: string;
  readonly importSecret?: string;
}

const DETAILS = `A client that authenticates by a secret gets one of 256 random bits, which is printed once.
With --jwks-file or --jwks-uri it authenticates by private_key_jwt, with --tls-subject by tls_client_auth, unless
--auth-method says otherwise. Grants are given by --api and --scope; without a grant a client gets no token.`;

export function addClientCreate(clients: Command, shell: Shell): void {
  addClientFieldOptions(
    addVerb(clients, {
      usage: 'create <name>',
      summary: 'Register a client and print its id and secret once',
      details: DETAILS,
      examples: [
        'gatehouse clients create orders --api urn:shop:inventory --scope "inventory:read" --json',
        'gatehouse clients create inventory --serves urn:shop:inventory',
        'gatehouse clients create billing --jwks-file billing.public.json --api urn:shop:inventory --scope inventory:read',
        'gatehouse clients create shop --type web --redirect-uri https://shop.example.com/callback',
      ],
    }),
  )
    .option('--client-id <id>', 'an id of your choice instead of a random one')
    .option('--api <uri>', 'an API that it may call; can be repeated', collect)
    .option(
      '--scope <scopes>',
      'the scopes that it may ask of that API, such as "A B"; can be repeated',
      collect,
    )
    .option('--disabled', 'register it, but let it get no tokens yet')
    .option('--secret-name <name>', 'a name for its secret')
    .option('--secret-expires <when>', 'when its secret expires: a date, or a duration such as 90d')
    .option(
      '--import-secret <file>',
      'take over a secret chosen elsewhere, as it is or as an argon2 hash ($argon2id$...), from a file or - for stdin',
    )
    .action(async (name: string, options: CreateOptions) => {
      const body = await createBody(shell, name, options);
      const admin = new AdminClient(shell, ['clients:write']);
      const client = await admin.call(clientShape, { method: 'POST', path: '/clients', body, create: true });
      const { clientId, clientSecret } = client;
      const credentials = { clientId, ...(clientSecret === undefined ? {} : { clientSecret }) };
      show(shell, options, { ...credentials, ...client }, () =>
        clientSecret === undefined
          ? clientText(client)
          : `${clientText(client)}\n\n${newSecretText(clientId, clientSecret, shell.terminal.paint)}`,
      );
    });
}

async function createBody(
  shell: Shell,
  name: string,
  options: CreateOptions,
): Promise<Record<string, unknown>> {
  const grants = grantsOf(options.api, options.scope);
  const secret = await secretOf(shell, options);
  return {
    name,
    ...clientFields(options),
    ...(options.clientId === undefined ? {} : { clientId: options.clientId }),
    ...(options.disabled === true ? { enabled: false } : {}),
    ...(grants.length === 0 ? {} : { grants }),
    ...(Object.keys(secret).length === 0 ? {} : { secret }),
  };
}

async function secretOf(shell: Shell, options: CreateOptions): Promise<Record<string, string>> {
  const { secretName, secretExpires, importSecret } = options;
  const value = importSecret === undefined ? undefined : await readLine(shell, importSecret);
  return {
    ...(secretName === undefined ? {} : { name: secretName }),
    ...(secretExpires === undefined ? {} : { expiresAt: parseMoment(secretExpires, shell.now(), 1) }),
    ...(value === undefined ? {} : value.startsWith('$argon2') ? { argon2: value } : { value }),
  };
}

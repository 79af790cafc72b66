/** `gatehouse clients grant` and `ungrant`: who may call whom. */
import type { Command } from 'commander';
import { z } from 'zod';
import { usageFailure } from '../failure.js';
import { AdminClient, path } from '../remote/admin_client.js';
import type { Shell } from '../shell.js';
import { addVerb, collect, show, words, type JsonOption } from '../verb.js';
import { grantShape } from '../wire.js';
import { grantsText, named } from './client_text.js';

interface GrantOptions extends JsonOption {
  readonly api: string;
  readonly scope?: string[];
  readonly only?: boolean;
}

export function addClientGrants(clients: Command, shell: Shell): void {
  addVerb(clients, {
    usage: 'grant <clientId>',
    summary: 'Let a client ask for scopes of an API',
    details:
      'Adds to what it already may; with --only it may ask for exactly these scopes and no others of the API.',
    examples: [
      'gatehouse clients grant <clientId> --api urn:shop:inventory --scope "inventory:write"',
      'gatehouse clients grant <clientId> --api urn:shop:inventory --scope "inventory:read" --only',
    ],
  })
    .requiredOption('--api <uri>', 'the API')
    .option('--scope <scopes>', 'the scopes, such as "A B"; can be repeated', collect)
    .option('--only', 'these scopes and no others')
    .action(async (id: string, options: GrantOptions) => {
      const scopes = words(options.scope ?? []);
      if (scopes.length === 0) throw usageFailure('--scope names no scope');
      const admin = new AdminClient(shell, ['clients:write']);
      const grant = await admin.call(
        grantShape,
        options.only === true
          ? { method: 'PUT', path: path`/clients/${id}/grants/${options.api}`, body: { scopes } }
          : {
              method: 'POST',
              path: path`/clients/${id}/grants`,
              body: { audience: options.api, scopes },
              create: true,
            },
      );
      show(shell, options, grant, () => grantsText([grant]));
    });
  addVerb(clients, {
    usage: 'ungrant <clientId>',
    summary: 'Take scopes of an API, or the whole API, from a client',
    examples: [
      'gatehouse clients ungrant <clientId> --api urn:shop:inventory --scope "inventory:write"',
      'gatehouse clients ungrant <clientId> --api urn:shop:inventory',
    ],
  })
    .requiredOption('--api <uri>', 'the API')
    .option('--scope <scopes>', 'the scopes; without it the whole grant', collect)
    .action(async (id: string, options: GrantOptions) => {
      const scopes = words(options.scope ?? []);
      // An empty --scope must not widen to "everything".
      if (options.scope !== undefined && scopes.length === 0) throw usageFailure('--scope names no scope');
      await ungrant(shell, id, options, scopes);
    });
}

async function ungrant(
  shell: Shell,
  id: string,
  options: GrantOptions,
  scopes: readonly string[],
): Promise<void> {
  const admin = new AdminClient(shell, ['clients:read', 'clients:write']);
  await admin.send({
    method: 'DELETE',
    path: path`/clients/${id}/grants/${options.api}`,
    query: { scope: scopes.length === 0 ? undefined : scopes.join(' ') },
  });
  const rest = await admin.call(z.object({ items: z.array(grantShape) }), {
    method: 'GET',
    path: path`/clients/${id}/grants`,
  });
  const left = rest.items.find((grant) => grant.audience === options.api);
  const result = left ?? { clientId: id, audience: options.api, scopes: [] };
  show(shell, options, result, () =>
    left === undefined ? named('no grant left on', options.api) : grantsText([left]),
  );
}

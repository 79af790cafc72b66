/** `gatehouse clients rotate-secret` and `clients secrets`. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { parseDuration } from '../duration.js';
import { AdminClient, path } from '../remote/admin_client.js';
import type { Shell } from '../shell.js';
import { addGroup, addVerb, show, type JsonOption } from '../verb.js';
import { rotationShape, secretShape } from '../wire.js';
import { named, newSecretText, secretsText } from './client_text.js';

const WEEK = 604_800;
const listShape = z.looseObject({ items: z.array(secretShape) });

export function addClientSecrets(clients: Command, shell: Shell): void {
  addRotation(clients, shell);
  const secrets = addGroup(clients, 'secrets', 'List and delete the secrets of a client', [
    'gatehouse clients secrets list <clientId>',
    'gatehouse clients secrets delete <clientId> <secretId>',
  ]);
  addVerb(secrets, {
    usage: 'list <clientId>',
    summary: 'List the secrets of a client, never their values',
    examples: ['gatehouse clients secrets list <clientId>'],
  }).action(async (id: string, options: JsonOption) => {
    const admin = new AdminClient(shell, ['clients:read']);
    const list = await admin.call(listShape, { method: 'GET', path: path`/clients/${id}/secrets` });
    show(shell, options, list, () => (list.items.length === 0 ? 'none' : secretsText(list.items)));
  });
  addVerb(secrets, {
    usage: 'delete <clientId> <secretId>',
    summary: 'Delete a secret: it is refused from now on',
    examples: ['gatehouse clients secrets delete <clientId> <secretId>'],
  }).action(async (id: string, secretId: string, options: JsonOption) => {
    const admin = new AdminClient(shell, ['clients:write']);
    await admin.send({ method: 'DELETE', path: path`/clients/${id}/secrets/${secretId}` });
    show(shell, options, { clientId: id, id: secretId, deleted: true }, () => named('deleted', secretId));
  });
}

interface RotationOptions extends JsonOption {
  readonly overlap: number;
  readonly name?: string;
}

function addRotation(clients: Command, shell: Shell): void {
  addVerb(clients, {
    usage: 'rotate-secret <clientId>',
    summary: 'Add a new secret and let the old ones expire after an overlap',
    details:
      'Both work during the overlap, so that no request fails while the new secret is rolled out. An overlap of 0 ends the old ones at once.',
    examples: [
      'gatehouse clients rotate-secret <clientId> --overlap 7d --json',
      'gatehouse clients rotate-secret <clientId> --overlap 0',
    ],
  })
    .addOption(
      new Option('--overlap <duration>', 'how long the old secrets stay good')
        .argParser(parseDuration)
        .default(WEEK, '7d'),
    )
    .option('--name <name>', 'a name for the new secret')
    .action(async (id: string, options: RotationOptions) => {
      const admin = new AdminClient(shell, ['clients:write']);
      const rotation = await admin.call(rotationShape, {
        method: 'POST',
        path: path`/clients/${id}/secrets/rotate`,
        body: {
          overlapSeconds: options.overlap,
          ...(options.name === undefined ? {} : { name: options.name }),
        },
        create: true,
      });
      show(shell, options, rotation, () => {
        const fresh = newSecretText(rotation.clientId, rotation.clientSecret, shell.terminal.paint);
        return rotation.previous.length === 0 ? fresh : `${fresh}\n\n${secretsText(rotation.previous)}`;
      });
    });
}

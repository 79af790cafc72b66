/** `gatehouse keys`: the signing keys. */
import type { Command } from 'commander';
import { table } from '../output/table.js';
import { AdminClient } from '../remote/admin_client.js';
import type { Shell } from '../shell.js';
import { addGroup, addVerb, show, type JsonOption } from '../verb.js';
import { keyShape, revocationShape } from '../wire.js';
import { named } from './client_text.js';
import { addListOptions, showList, type ListOptions } from './listing.js';

export function addKeys(program: Command, shell: Shell): void {
  const keys = addGroup(program, 'keys', 'See the signing keys, and revoke a compromised one', [
    'gatehouse keys list',
    'gatehouse keys revoke <kid> --reason "private part leaked"',
  ]);
  addListOptions(
    addVerb(keys, {
      usage: 'list',
      summary: 'List the signing keys',
      examples: ['gatehouse keys list', 'gatehouse keys list --json'],
    }),
  ).action(async (options: ListOptions) => {
    await showList(shell, new AdminClient(shell, ['keys:read']), options, {
      path: '/keys',
      query: {},
      shape: keyShape,
      text: (items) =>
        table(
          ['KID', 'ALG', 'PHASE', 'CREATED', 'SINCE'],
          items.map((key) => [
            key.kid,
            key.alg,
            key.phase,
            key.createdAt,
            key.revokedAt ?? key.activatedAt ?? '',
          ]),
        ),
    });
  });
  addVerb(keys, {
    usage: 'revoke <kid>',
    summary: 'Revoke a signing key: every token that it signed is refused from now on',
    details:
      'The key leaves the JWKS at once and another one signs. Clients fetch new tokens; nothing has to be restarted.',
    examples: ['gatehouse keys revoke <kid> --reason "private part leaked"'],
  })
    .option('--reason <text>', 'why, for the record')
    .action(async (kid: string, options: JsonOption & { reason?: string }) => {
      const admin = new AdminClient(shell, ['revocations:write', 'keys:write']);
      const { reason } = options;
      const revocation = await admin.call(revocationShape, {
        method: 'POST',
        path: '/revocations',
        body: { kind: 'key', subject: kid, ...(reason === undefined ? {} : { reason }) },
        create: true,
      });
      show(shell, options, revocation, () => named('revoked', kid));
    });
}

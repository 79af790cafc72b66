/** `gatehouse revocations`: what was revoked, and revoking as an administrator. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { REVOCATION_KINDS } from '../../revocations/types.js';
import { usageFailure } from '../failure.js';
import { table } from '../output/table.js';
import { AdminClient } from '../remote/admin_client.js';
import type { Shell } from '../shell.js';
import { addGroup, addVerb, choice, show, type JsonOption } from '../verb.js';
import { revocationShape } from '../wire.js';
import { tokenOf } from './client_options.js';
import { addListOptions, showList, type ListOptions } from './listing.js';

export function addRevocations(program: Command, shell: Shell): void {
  const revocations = addGroup(
    program,
    'revocations',
    'See what was revoked, and revoke as an administrator',
    [
      'gatehouse revocations list',
      'gatehouse revocations create --kind client --subject <clientId> --reason "laptop stolen"',
    ],
  );
  addListOptions(
    addVerb(revocations, {
      usage: 'list',
      summary: 'List the revocations that still matter',
      examples: ['gatehouse revocations list', 'gatehouse revocations list --kind client --json'],
    })
      .addOption(choice('--kind <kind>', 'only those of this kind', REVOCATION_KINDS))
      .option('--subject <id>', 'only those of this jti, client or key'),
  ).action(async (options: ListOptions & { kind?: string; subject?: string }) => {
    await showList(shell, new AdminClient(shell, ['revocations:read']), options, {
      path: '/revocations',
      query: { kind: options.kind, subject: options.subject },
      shape: revocationShape,
      text: revocationsText,
    });
  });
  addCreate(revocations, shell);
}

function revocationsText(items: readonly z.infer<typeof revocationShape>[]): string {
  return table(
    ['KIND', 'SUBJECT', 'REVOKED', 'UNTIL', 'BY', 'REASON'],
    items.map((item) => [
      item.kind,
      item.subject,
      item.revokedAt,
      item.expiresAt,
      item.createdBy,
      item.reason,
    ]),
  );
}

interface CreateOptions extends JsonOption {
  readonly kind: string;
  readonly subject?: string;
  readonly token?: string;
  readonly reason?: string;
}

function addCreate(revocations: Command, shell: Shell): void {
  addVerb(revocations, {
    usage: 'create',
    summary: 'Revoke one token, all tokens of a client, or a signing key',
    examples: [
      'gatehouse revocations create --kind token --token - < token.txt',
      'gatehouse revocations create --kind client --subject <clientId> --reason "laptop stolen"',
    ],
  })
    .addOption(choice('--kind <kind>', 'what is revoked', REVOCATION_KINDS).makeOptionMandatory())
    .option('--subject <id>', 'the jti of the token, the client id, or the kid')
    .option('--token <token>', 'the token itself, or - to read it from stdin')
    .option('--reason <text>', 'why, for the record')
    .action(async (options: CreateOptions) => {
      const { kind, subject, reason } = options;
      if ((subject === undefined) === (options.token === undefined))
        throw usageFailure('give either --subject or --token');
      if (options.token !== undefined && kind !== 'token')
        throw usageFailure('--token goes with --kind token');
      const token = options.token === undefined ? undefined : await tokenOf(shell, options.token);
      const scopes = kind === 'key' ? ['revocations:write', 'keys:write'] : ['revocations:write'];
      const revocation = await new AdminClient(shell, scopes).call(revocationShape, {
        method: 'POST',
        path: '/revocations',
        body: { kind, subject, token, reason },
        create: true,
      });
      show(shell, options, revocation, () => revocationsText([revocation]));
    });
}

/** `gatehouse audit`: reads the record. */
import type { Command } from 'commander';
import { parseMoment } from '../duration.js';
import { usageFailure } from '../failure.js';
import type { Paint } from '../output/terminal.js';
import { jsonText, visible } from '../output/visible.js';
import { AdminClient, type Query } from '../remote/admin_client.js';
import { parsed } from '../remote/answers.js';
import { ConnectionFailure } from '../remote/http.js';
import type { Shell } from '../shell.js';
import { addGroup, addVerb, choice, show, whole, type JsonOption } from '../verb.js';
import { auditShape, type AuditAnswer } from '../wire.js';

interface FilterOptions extends JsonOption {
  readonly type?: string;
  readonly actor?: string;
  readonly subject?: string;
  readonly client?: string;
  readonly outcome?: string;
  readonly from?: string;
  readonly to?: string;
}

function addFilterOptions(command: Command): Command {
  return command
    .option('--type <type>', 'only events of this type, such as client.created')
    .option('--actor <id>', 'only what this client did')
    .option('--subject <id>', 'only what was done to this')
    .option('--client <id>', 'only what concerns this client')
    .addOption(choice('--outcome <outcome>', 'only what went so', ['success', 'failure']))
    .option('--from <when>', 'only since then: a date, or a duration such as 24h')
    .option('--to <when>', 'only until then');
}

function queryOf(shell: Shell, options: FilterOptions): Query {
  const moment = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : parseMoment(text, shell.now(), -1);
  return {
    type: options.type,
    actorId: options.actor,
    subjectId: options.subject,
    clientId: options.client,
    outcome: options.outcome,
    from: moment(options.from),
    to: moment(options.to),
  };
}

export function addAudit(program: Command, shell: Shell): void {
  const audit = addGroup(program, 'audit', 'Read the record of what happened', [
    'gatehouse audit tail --follow',
    'gatehouse audit export --from 2026-01-01 > audit.ndjson',
  ]);
  addTail(audit, shell);
  addAuditExport(audit, shell);
}

interface TailOptions extends FilterOptions {
  readonly lines: number;
  readonly follow?: boolean;
}

const POLL_MS = 1000;
/** Events that are remembered while following, so that those of one instant are neither lost nor shown twice. */
const REMEMBERED = 5000;

function addTail(audit: Command, shell: Shell): void {
  addFilterOptions(
    addVerb(audit, {
      usage: 'tail',
      summary: 'Show the newest events, oldest of them first',
      details: 'With --follow --json each event is one line of JSON.',
      examples: [
        'gatehouse audit tail',
        'gatehouse audit tail --follow --outcome failure',
        'gatehouse audit tail -n 100 --client <clientId> --json',
      ],
    }),
  )
    .option('-n, --lines <n>', 'how many', whole(1, 10_000), 20)
    .option('--follow', 'go on showing events as they happen, until Ctrl-C')
    .action(async (options: TailOptions) => {
      const admin = new AdminClient(shell, ['audit:read']);
      const query = queryOf(shell, options);
      const page = await admin.list('/audit', query, options.lines);
      const newest = [...page.items].reverse();
      if (options.follow !== true) {
        show(shell, options, { items: newest }, () => eventsText(newest, shell.terminal.paint));
        return;
      }
      if (options.to !== undefined) throw usageFailure('--follow and --to exclude each other');
      await follow(shell, admin, query, newest, options.json === true);
    });
}

const eventOf = (item: unknown): AuditAnswer => parsed(auditShape, item, 'the admin API');

function eventsText(items: readonly unknown[], paint: Paint): string {
  return items.length === 0 ? 'none' : items.map((item) => eventText(eventOf(item), paint)).join('\n');
}

function eventText(event: AuditAnswer, paint: Paint): string {
  const failed = event.outcome === 'failure';
  return [
    paint('dim', visible(event.at)),
    paint(failed ? 'red' : 'green', visible(event.type)),
    `${visible(event.actor.type)}:${visible(event.actor.id)}`,
    '->',
    `${visible(event.subject.type)}:${visible(event.subject.id)}`,
    ...(event.sourceIp ? [paint('dim', `from ${visible(event.sourceIp)}`)] : []),
    ...(event.reason ? [`(${visible(event.reason)})`] : []),
  ].join(' ');
}

/** Asks again and again for what is newer, until the process is ended. */
async function follow(
  shell: Shell,
  admin: AdminClient,
  query: Query,
  first: readonly unknown[],
  json: boolean,
): Promise<never> {
  const seen = new Set<string>();
  let since = query['from'] ?? new Date(shell.now()).toISOString();
  const print = (items: readonly unknown[]): void => {
    for (const item of items) {
      const event = eventOf(item);
      if (seen.has(event.id)) continue;
      seen.add(event.id);
      if (event.at > since) since = event.at;
      shell.terminal.out(json ? jsonText(item, true) : eventText(event, shell.terminal.paint));
    }
    for (const id of seen) if (seen.size > REMEMBERED) seen.delete(id);
  };
  print(first);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      // Nodes write their events in batches, so that an event may appear a little after a younger one.
      const overlap = new Date(Date.parse(since) - 10_000).toISOString();
      const from = query['from'] !== undefined && query['from'] > overlap ? query['from'] : overlap;
      const page = await admin.list('/audit', { ...query, from }, REMEMBERED);
      const fresh = page.items.filter((item) => eventOf(item).at >= floor(first));
      print(fresh.reverse());
    } catch (error) {
      // A restart of the server ends nothing: the next look goes on where this one stopped.
      if (!(error instanceof ConnectionFailure)) throw error;
    }
  }
}

/** Nothing before the oldest event that was shown at first. */
function floor(first: readonly unknown[]): string {
  return first.length === 0 ? '' : eventOf(first[0]).at;
}

function addAuditExport(audit: Command, shell: Shell): void {
  addFilterOptions(
    addVerb(audit, {
      usage: 'export',
      summary: 'Print all events, newest first, one line of JSON each',
      details: 'With --json one JSON document: {"items": [...]}.',
      examples: [
        'gatehouse audit export --from 2026-01-01 --to 2026-02-01 > january.ndjson',
        'gatehouse audit export --type token.issued --from 24h --json',
      ],
    }),
  ).action(async (options: FilterOptions) => {
    const admin = new AdminClient(shell, ['audit:read']);
    const query = queryOf(shell, options);
    const json = options.json === true;
    if (json) await shell.terminal.stream('{"items":[');
    let cursor: string | undefined;
    let separator = '';
    do {
      const page = await admin.page('/audit', query, 200, cursor);
      const lines = page.items.map((item) => jsonText(item, true));
      if (lines.length > 0) await shell.terminal.stream(separator + lines.join(json ? ',\n' : '\n'));
      if (lines.length > 0) separator = json ? ',\n' : '\n';
      cursor = page.items.length === 0 ? undefined : (page.nextCursor ?? undefined);
    } while (cursor !== undefined);
    await shell.terminal.stream(json ? ']}\n' : separator);
  });
}

/** What all lists have in common: how much, from where, and saying so when there is more. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { AdminClient, Query } from '../remote/admin_client.js';
import { parsed } from '../remote/answers.js';
import type { Shell } from '../shell.js';
import { show, whole, type JsonOption } from '../verb.js';

export interface ListOptions extends JsonOption {
  readonly limit: number;
  readonly cursor?: string;
}

const MOST = 1_000_000;

export function addListOptions(command: Command): Command {
  return command
    .option('--limit <n>', 'how many to show', whole(1, MOST), 1000)
    .option('--cursor <cursor>', 'go on where an earlier list ended');
}

/** Fetches and prints a list. */
export async function showList<T extends z.ZodType>(
  shell: Shell,
  admin: AdminClient,
  options: ListOptions,
  list: {
    readonly path: string;
    readonly query: Query;
    readonly shape: T;
    readonly text: (items: z.output<T>[]) => string;
  },
): Promise<void> {
  const page = await admin.list(list.path, list.query, options.limit, options.cursor);
  show(shell, options, page, () => {
    const items = page.items.map((item) => parsed(list.shape, item, 'the admin API'));
    return items.length === 0 ? 'none' : list.text(items);
  });
  if (page.nextCursor !== null && options.json !== true)
    shell.terminal.err(
      shell.terminal.paintErr(
        'dim',
        `there are more; raise --limit, or go on with --cursor ${page.nextCursor}`,
      ),
    );
}

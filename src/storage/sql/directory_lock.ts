/** The lock file that keeps a data directory to one process. Knows nothing of what lies in the directory. */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Start time of the process in the system's own ticks, so that a reused pid is told apart; empty where unknown. */
  readonly started: string;
}

async function startTime(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; field 22 is the 20th after it (proc(5)).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function parse(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    return typeof value.pid === 'number' &&
      typeof value.host === 'string' &&
      typeof value.started === 'string'
      ? { pid: value.pid, host: value.host, started: value.started }
      : undefined;
  } catch {
    return undefined;
  }
}

async function isStale(holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) return false;
  if (!isAlive(holder.pid)) return true;
  const started = await startTime(holder.pid);
  return started !== '' && holder.started !== '' && started !== holder.started;
}

function refusal(path: string, holder: Holder | undefined): Error {
  const who = holder ? `process ${holder.pid} on ${holder.host}` : 'another process';
  return new Error(
    `The embedded database is in use by ${who} (${path}). Stop that process, choose another GATEHOUSE_DATA_DIR, ` +
      'or set DATABASE_URL so that several processes can share a PostgreSQL; ' +
      'if you are certain that the process is gone, delete that file.',
  );
}

/** Takes over a lock whose holder is dead, unless somebody else was faster. */
async function removeStale(path: string, seen: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  // Another process took over in between: its lock goes back.
  if (moved !== seen) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

/** Takes the lock; the answer gives it back. Throws with a sentence for people when a live process holds it. */
export async function lockDirectory(path: string): Promise<() => Promise<void>> {
  const own = JSON.stringify({ pid: process.pid, host: hostname(), started: await startTime(process.pid) });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, own, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        // A link appears with its whole content, so that nobody reads half a lock.
        await link(draft, path);
        return async () => {
          if ((await readFile(path, 'utf8').catch(() => '')) === own) await rm(path, { force: true });
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const seen = await readFile(path, 'utf8').catch(() => '');
      if (seen === '') continue;
      const holder = parse(seen);
      if (!holder || !(await isStale(holder))) throw refusal(path, holder);
      await removeStale(path, seen);
    }
    throw refusal(path, undefined);
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * The audit spool as files: one batch a file, synced and renamed into place, oldest first by name. The workers of a node
 * share the directory: each replays what lay there when it started and what it wrote itself, and passes over what another
 * has replayed. A batch that two replay is recorded once, since events have ids.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent, AuditSpool } from '../audit/index.js';
import { unavailable } from '../errors.js';

const SUFFIX = '.jsonl';
const TEMPORARY = '.tmp';
/** A temporary file of this age belongs to a process that ended while it wrote. */
const ABANDONED_MS = 60_000;

/** @param maxBytes that this process may have waiting */
export function openSpool(directory: string, maxBytes: number): AuditSpool {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  removeAbandoned(directory);
  /** Sizes by name, oldest first. */
  const waiting = new Map(batches(directory).map((name) => [name, sizeOf(join(directory, name))]));
  let bytes = [...waiting.values()].reduce((sum, size) => sum + size, 0);
  let sequence = 0;
  // Process ids repeat: every container has its own 1. A batch under the name of another would replace it.
  const own = `${randomBytes(6).toString('hex')}-${process.pid}`;
  const forget = (name: string): void => {
    bytes -= waiting.get(name) ?? 0;
    waiting.delete(name);
  };
  return {
    bytes: () => bytes,
    write: async (events) => {
      const content = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      if (bytes + content.length > maxBytes) throw unavailable('the audit spool');
      sequence += 1;
      const stem = `${Date.now()}-${String(sequence).padStart(8, '0')}-${own}`;
      try {
        await writeSynced(directory, stem, content);
      } catch (cause) {
        throw unavailable('the audit spool', cause);
      }
      waiting.set(stem + SUFFIX, content.length);
      bytes += content.length;
    },
    oldest: async () => {
      for (const name of waiting.keys()) {
        const path = join(directory, name);
        const text = await readIfThere(path);
        if (text === undefined) {
          forget(name);
          continue;
        }
        const events = revive(text);
        if (events === undefined) {
          // Kept for the operator, who is told; what waits behind it is not held up by it.
          await rename(path, `${path}.damaged`);
          forget(name);
          throw new Error(`the audit spool file ${name} is damaged; it was set aside as ${name}.damaged`);
        }
        return {
          events,
          drop: async () => {
            await rm(path, { force: true });
            forget(name);
          },
        };
      }
      return undefined;
    },
  };
}

const batches = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith(SUFFIX))
    .sort();

/** 0 when another worker has replayed it between the listing and this look. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function removeAbandoned(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.endsWith(TEMPORARY)) continue;
    const path = join(directory, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (changed < Date.now() - ABANDONED_MS) rmSync(path, { force: true });
  }
}

async function writeSynced(directory: string, stem: string, content: Buffer): Promise<void> {
  const temporary = join(directory, stem + TEMPORARY);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    await rename(temporary, join(directory, stem + SUFFIX));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined for what is not a batch. */
function revive(text: string): AuditEvent[] | undefined {
  try {
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const event = JSON.parse(line) as Omit<AuditEvent, 'at'> & { at: string };
        return { ...event, at: new Date(event.at) };
      });
  } catch {
    return undefined;
  }
}

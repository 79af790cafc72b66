/** The audit spool as files: one batch a file, synced and renamed into place, oldest first by name. */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent, AuditSpool } from '../audit/index.js';
import { unavailable } from '../errors.js';

const SUFFIX = '.jsonl';

export function openSpool(directory: string, maxBytes: number): AuditSpool {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = (): string[] =>
    readdirSync(directory)
      .filter((name) => name.endsWith(SUFFIX))
      .sort();
  let bytes = files().reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  let sequence = 0;
  return {
    bytes: () => bytes,
    write: async (events) => {
      const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
      if (bytes + text.length > maxBytes) throw unavailable('the audit spool');
      sequence += 1;
      const name = `${Date.now()}-${String(sequence).padStart(8, '0')}-${process.pid}`;
      try {
        await writeSynced(directory, name, text);
      } catch (cause) {
        throw unavailable('the audit spool', cause);
      }
      bytes += text.length;
    },
    oldest: async () => {
      if (bytes === 0) return undefined;
      const name = files()[0];
      if (name === undefined) {
        bytes = 0;
        return undefined;
      }
      const path = join(directory, name);
      const text = await readFile(path, 'utf8');
      return {
        events: text.split('\n').filter(Boolean).map(revive),
        drop: async () => {
          await rm(path, { force: true });
          bytes = Math.max(0, bytes - text.length);
        },
      };
    },
  };
}

async function writeSynced(directory: string, name: string, text: string): Promise<void> {
  const temporary = join(directory, `${name}.tmp`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, name + SUFFIX));
}

function revive(line: string): AuditEvent {
  const event = JSON.parse(line) as Omit<AuditEvent, 'at'> & { at: string };
  return { ...event, at: new Date(event.at) };
}

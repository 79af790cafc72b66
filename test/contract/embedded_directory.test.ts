/** The directory of the embedded database: one process, damage, dead holders. Runs on it whatever the store under test. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage } from '../../src/storage/index.js';

let dataDir: string;
const open = () => openStorage({ redisPrefix: 't:', dataDir, poolSize: 2, onWarning: () => undefined });

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-directory-'));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

test('keeps its data over a restart, and gives the lock back', async () => {
  const first = await open();
  await first.migrate();
  await first.durable.transaction(({ changes }) => changes.append([{ kind: 'all', id: '' }]));
  await expect(open()).rejects.toThrow(new RegExp(`in use by process ${process.pid} on `));
  await first.close();
  const second = await open();
  expect(await second.durable.stores.changes.head()).toBe(1);
  await second.close();
  expect(await readdir(dataDir)).toEqual(['db']);
});

test('is refused while another process holds it, and taken over when that one is dead', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const holder = { pid: child.pid, host: hostname(), started: '' };
  await writeFile(join(dataDir, 'db.lock'), JSON.stringify(holder));
  await expect(open()).rejects.toThrow(/in use by process \d+ on .*choose another GATEHOUSE_DATA_DIR/);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  const storage = await open();
  await storage.close();
});

test('is taken over from an earlier process with the same pid', async () => {
  const holder = { pid: process.pid, host: hostname(), started: '1' };
  await writeFile(join(dataDir, 'db.lock'), JSON.stringify(holder));
  await (await open()).close();
});

test('is refused when another host holds it', async () => {
  await writeFile(join(dataDir, 'db.lock'), JSON.stringify({ pid: 1, host: 'elsewhere', started: '1' }));
  await expect(open()).rejects.toThrow(/process 1 on elsewhere/);
});

test('is called damaged when it is no database, and is left as it was', async () => {
  await mkdir(join(dataDir, 'db'));
  await writeFile(join(dataDir, 'db', 'stray'), 'x');
  await expect(open()).rejects.toThrow(/damaged.*PG_VERSION.*Restore/);
  expect(await readFile(join(dataDir, 'db', 'stray'), 'utf8')).toBe('x');
  expect(await readdir(dataDir)).toEqual(['db']);
});

test('a first start that died half way leaves nothing behind', async () => {
  await mkdir(join(dataDir, 'db.init-dead'));
  await writeFile(join(dataDir, 'db.init-dead', 'PG_VERSION'), '17');
  await (await open()).close();
  expect(await readdir(dataDir)).toEqual(['db']);
});

/** The audit spool: several workers on one directory, its bound, and what a crash leaves behind. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent, AuditSpool } from '../../../src/audit/index.js';
import { openSpool } from '../../../src/storage/spool.js';

const ROOM = 1_000_000;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-spool-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function event(reason = 'čas 🗝️'): AuditEvent {
  return {
    id: randomUUID(),
    at: new Date('2026-01-02T03:04:05.678Z'),
    type: 'token.issued',
    outcome: 'success',
    actor: { type: 'client', id: 'c' },
    subject: { type: 'token', id: 't' },
    clientId: 'c',
    sourceIp: '192.0.2.1',
    requestId: 'r',
    traceId: null,
    reason,
    before: null,
    after: { scope: 'a' },
  };
}

/** Replays everything that a worker finds; answers the ids in order. */
async function drain(spool: AuditSpool): Promise<string[]> {
  const ids: string[] = [];
  for (let batch = await spool.oldest(); batch; batch = await spool.oldest()) {
    ids.push(...batch.events.map(({ id }) => id));
    await batch.drop();
  }
  return ids;
}

describe('one worker', () => {
  it('gets its batches back as they were, oldest first, also after a restart', async () => {
    const spool = openSpool(directory, ROOM);
    const batches = [[event(), event()], [event()], [event()]];
    for (const batch of batches) await spool.write(batch);
    expect((await spool.oldest())?.events).toEqual(batches[0]);
    const restarted = openSpool(directory, ROOM);
    expect(restarted.bytes()).toBe(spool.bytes());
    expect(await drain(restarted)).toEqual(batches.flat().map(({ id }) => id));
    expect(restarted.bytes()).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses what does not fit, counted in bytes, and takes it once there is room', async () => {
    const size = Buffer.byteLength(`${JSON.stringify(event())}\n`);
    const spool = openSpool(directory, 2 * size);
    await spool.write([event()]);
    await spool.write([event()]);
    await expect(spool.write([event()])).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    await (await spool.oldest())?.drop();
    await spool.write([event()]);
    expect(await drain(spool)).toHaveLength(2);
  });

  it('sets a damaged file aside, says so once, and goes on with the next', async () => {
    writeFileSync(join(directory, '1-00000001-1.jsonl'), '{"id":"half');
    const spool = openSpool(directory, ROOM);
    const good = event();
    await spool.write([good]);
    await expect(spool.oldest()).rejects.toThrow('1-00000001-1.jsonl is damaged');
    expect(await drain(spool)).toEqual([good.id]);
    expect(readdirSync(directory)).toEqual(['1-00000001-1.jsonl.damaged']);
    expect(spool.bytes()).toBe(0);
  });

  it('removes what a crash left half written, and leaves what is being written', () => {
    const [old, young] = [join(directory, 'old.tmp'), join(directory, 'young.tmp')];
    writeFileSync(old, 'x');
    writeFileSync(young, 'x');
    const before = Date.now() / 1000 - 120;
    utimesSync(old, before, before);
    const spool = openSpool(directory, ROOM);
    expect(readdirSync(directory)).toEqual(['young.tmp']);
    expect(spool.bytes()).toBe(0);
  });

  it('says that it cannot be written when its directory is gone, and counts nothing', async () => {
    const spool = openSpool(directory, ROOM);
    rmSync(directory, { recursive: true });
    await expect(spool.write([event()])).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(spool.bytes()).toBe(0);
  });
});

describe('several workers', () => {
  it('each replay what they wrote, whatever the others replayed before', async () => {
    const left = event();
    await openSpool(directory, ROOM).write([left]);
    const [one, two] = [openSpool(directory, ROOM), openSpool(directory, ROOM)];
    const [first, second] = [event(), event()];
    await one.write([first]);
    await two.write([second]);
    expect(await drain(one)).toEqual([left.id, first.id]);
    expect(await drain(two)).toEqual([second.id]);
    expect([one.bytes(), two.bytes()]).toEqual([0, 0]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('never write under one name, also with one process id and in one millisecond', async () => {
    const now = jest.spyOn(Date, 'now').mockReturnValue(1_800_000_000_000);
    const written = [event(), event(), event()];
    try {
      for (const each of written) await openSpool(directory, ROOM).write([each]);
    } finally {
      now.mockRestore();
    }
    const replayed = await drain(openSpool(directory, ROOM));
    expect(replayed.sort()).toEqual(written.map(({ id }) => id).sort());
  });

  it('may replay one batch at the same time', async () => {
    const left = event();
    await openSpool(directory, ROOM).write([left]);
    const [one, two] = [openSpool(directory, ROOM), openSpool(directory, ROOM)];
    const both = [await one.oldest(), await two.oldest()];
    expect(both.map((batch) => batch?.events[0]?.id)).toEqual([left.id, left.id]);
    for (const batch of both) await batch?.drop();
    expect([one.bytes(), two.bytes()]).toEqual([0, 0]);
    expect([await one.oldest(), await two.oldest()]).toEqual([undefined, undefined]);
  });
});

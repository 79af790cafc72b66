/**
 * kill -9 at random moments under load. What was answered is there afterwards, whole; what was not answered is there
 * whole or not at all; nothing that may exist once exists twice.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGatehouse, type Credentials, type Json, type Node } from '../support/gatehouse.js';

/** The full run asks for 20. */
const KILLS = Number(process.env['GATEHOUSE_CHAOS_KILLS'] ?? 3);
/** Milliseconds of load before a kill, at random between these. */
const LOAD_MS = [100, 1200] as const;
const API = 'urn:chaos:api';
const OPAQUE = 'urn:chaos:opaque';
const GRANTS = [
  { audience: API, scopes: ['a'] },
  { audience: OPAQUE, scopes: ['a'] },
];

/** What was asked for, and what of it was answered, over all lives of the server. */
const ledger = {
  clients: new Map<string, Credentials | undefined>(),
  applied: new Map<string, boolean>(),
  /** Secrets added to one client. */
  secrets: { asked: 0, answered: 0 },
  jtis: new Set<string>(),
  live: [] as string[],
  revoked: [] as string[],
};

let node: Node;
let caller: Credentials;
let server: Credentials;
let holder: Credentials;

beforeAll(async () => {
  node = await startGatehouse();
  await node.createApi(API, ['a']);
  await node.createApi(OPAQUE, ['a'], { tokenFormat: 'opaque' });
  caller = await node.createClient({ name: 'caller', grants: GRANTS });
  server = await node.createClient({ name: 'server', serves: [API, OPAQUE] });
  holder = await node.createClient({ name: 'holder', grants: GRANTS });
}, 120_000);
afterAll(() => node.stop());

/** A loop that ends with the server; an answer that is not what it must be ends the test. */
async function until(killed: () => boolean, act: (turn: number) => Promise<void>): Promise<void> {
  for (let turn = 0; !killed(); turn += 1) {
    try {
      await act(turn);
    } catch (error) {
      // What fetch says when a connection broke, which is what a kill looks like.
      if ((error as Error).message !== 'fetch failed' && (error as Error).message !== 'terminated')
        throw error;
      if (!(await settles(killed))) throw error;
    }
  }
}

/** The connection may break a moment before the killer's own promise is told. */
async function settles(killed: () => boolean): Promise<boolean> {
  for (let wait = 0; wait < 50 && !killed(); wait += 1) await pause(20);
  return killed();
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function require2xx(what: string, { status, body }: Json): void {
  if (status >= 300) throw new Error(`${what} was answered with ${status} ${JSON.stringify(body)}`);
}

async function fetchTokens(): Promise<void> {
  const answer = await node.token({ ...caller, resource: API });
  require2xx('a token', answer);
  const token = String(answer.body['access_token']);
  const { jti = '' } = decodeJwt(token);
  if (ledger.jtis.has(jti)) throw new Error(`the token id ${jti} was issued twice`);
  ledger.jtis.add(jti);
  ledger.live.push(token);
}

async function fetchAndRevoke(): Promise<void> {
  const answer = await node.token({ ...caller, resource: OPAQUE });
  require2xx('an opaque token', answer);
  const token = String(answer.body['access_token']);
  if (ledger.jtis.has(token)) throw new Error('an opaque token was issued twice');
  ledger.jtis.add(token);
  const victim = ledger.live.at(-1);
  for (const revoked of [token, ...(victim === undefined ? [] : [victim])]) {
    if (revoked === victim) ledger.live = ledger.live.filter((other) => other !== victim);
    require2xx('a revocation', await node.revoke(revoked, caller));
    ledger.revoked.push(revoked);
  }
}

async function createClient(name: string): Promise<void> {
  ledger.clients.set(name, undefined);
  const answer = await node.admin('POST', '/clients', { name, grants: GRANTS });
  require2xx('a client', answer);
  ledger.clients.set(name, answer.body as unknown as Credentials);
}

async function apply(name: string): Promise<void> {
  ledger.applied.set(name, false);
  const document = {
    version: 1,
    apis: [`urn:${name}:1`, `urn:${name}:2`].map((audience) => ({ audience, scopes: { a: '' } })),
    clients: [1, 2].map((part) => ({
      clientId: `${name}-${part}`,
      name: `${name}-${part}`,
      grants: { [`urn:${name}:${part}`]: ['a'] },
    })),
  };
  require2xx('an apply', await node.admin('POST', '/apply', { document }));
  ledger.applied.set(name, true);
}

async function addSecret(): Promise<void> {
  const path = `/clients/${holder.clientId}/secrets`;
  const { body } = await node.admin('GET', path);
  const items = body['items'] as { id: string }[];
  for (const { id } of items.slice(0, Math.max(0, items.length - 5)))
    await node.admin('DELETE', `${path}/${id}`);
  ledger.secrets.asked += 1;
  require2xx('a secret', await node.admin('POST', path, { name: `s${ledger.secrets.asked}` }));
  ledger.secrets.answered += 1;
}

/** Load of all kinds, until the process is killed after so many milliseconds. */
async function loadAndKill(life: number, after: number): Promise<void> {
  let dead = false;
  const killed = (): boolean => dead;
  const load = [
    until(killed, fetchTokens),
    until(killed, fetchTokens),
    until(killed, fetchAndRevoke),
    until(killed, (turn) => createClient(`c${life}-${turn}`)),
    until(killed, (turn) => createClient(`d${life}-${turn}`)),
    until(killed, (turn) => apply(`a${life}-${turn}`)),
    until(killed, addSecret),
  ];
  await pause(after);
  const end = node.kill9().then(() => (dead = true));
  const outcomes = await Promise.allSettled([...load, end]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function all(path: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null && page < 1000; page += 1) {
    const { status, body } = await node.admin(
      'GET',
      `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    expect(status).toBe(200);
    items.push(...(body['items'] as Record<string, unknown>[]));
    cursor = body['nextCursor'] as string | null;
  }
  return items;
}

const unique = (values: readonly unknown[]): void => expect(new Set(values).size).toBe(values.length);

async function requireClients(): Promise<void> {
  const existing = await all('/clients?type=service');
  unique(existing.map(({ clientId }) => clientId));
  unique(existing.map(({ name }) => name));
  const names = new Map(existing.map((client) => [String(client['name']), String(client['clientId'])]));
  for (const [name, confirmed] of ledger.clients) {
    if (confirmed) expect([name, names.get(name)]).toEqual([name, confirmed.clientId]);
    const clientId = names.get(name);
    if (clientId === undefined) continue;
    const { body } = await node.admin('GET', `/clients/${clientId}`);
    expect([name, (body['secrets'] as unknown[]).length, (body['grants'] as unknown[]).length]).toEqual([
      name,
      1,
      2,
    ]);
    if (confirmed) expect((await node.token({ ...confirmed, resource: API })).status).toBe(200);
  }
  for (const [name, confirmed] of ledger.applied) {
    const there = [1, 2].filter((part) => names.has(`${name}-${part}`));
    expect([name, there]).toEqual([name, there.length === 0 && !confirmed ? [] : [1, 2]]);
  }
  await requireApplied(names);
  const created = (await all('/audit?type=client.created')).map(
    ({ subject }) => (subject as { id: string }).id,
  );
  // The record is written in the same transaction: each client has its event, and each event its client.
  unique(created);
  expect(created.filter((id) => id !== 'gatehouse-admin').sort()).toEqual(
    existing
      .map(({ clientId }) => clientId as string)
      .filter((id) => id !== 'gatehouse-admin')
      .sort(),
  );
}

async function requireApplied(names: ReadonlyMap<string, string>): Promise<void> {
  const audiences = new Set((await all('/apis')).map(({ audience }) => audience));
  const runs = (await all('/audit?type=configuration.applied')).length;
  const whole = [...ledger.applied.keys()].filter((name) => names.has(`${name}-1`));
  for (const name of ledger.applied.keys()) {
    const there = [audiences.has(`urn:${name}:1`), audiences.has(`urn:${name}:2`)];
    expect([name, there]).toEqual([name, [whole.includes(name), whole.includes(name)]]);
  }
  expect(runs).toBe(whole.length);
}

async function requireTokens(): Promise<void> {
  for (const token of ledger.revoked) {
    expect((await node.introspect(token, server)).body).toEqual({ active: false });
  }
  for (const token of ledger.live.slice(-20)) {
    expect((await node.introspect(token, server)).body['active']).toBe(true);
  }
  const issued = (await all('/audit?type=token.issued')).map(({ subject }) => (subject as { id: string }).id);
  unique(issued);
}

async function requireSecrets(): Promise<void> {
  const path = `/audit?clientId=${holder.clientId}&type=client.secret_created`;
  const added = (await all(path)).length;
  const { asked, answered } = ledger.secrets;
  expect(added).toBeGreaterThanOrEqual(answered);
  expect(added).toBeLessThanOrEqual(asked + 1 /* its first */);
  expect((await node.token({ ...caller, resource: API })).status).toBe(200);
}

describe(`kill -9 at random moments under load, ${KILLS} times`, () => {
  it.each(Array.from({ length: KILLS }, (_, life) => life))(
    'life %i: restarts clean, nothing is half-written, nothing is issued twice',
    async (life) => {
      const [least, most] = LOAD_MS;
      const after = Math.round(least + Math.random() * (most - least));
      const before = new Set(ledger.clients.keys());
      await loadAndKill(life, after);
      await node.restart();
      expect((await fetch(`${node.adminUrl}/readyz`)).status).toBe(200);
      expect(node.records().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
      await requireClients();
      await requireTokens();
      await requireSecrets();
      // What an earlier life wrote was looked at by then; the list stays short.
      for (const name of before) if (ledger.clients.get(name) === undefined) ledger.clients.delete(name);
      ledger.revoked = ledger.revoked.slice(-50);
    },
    120_000,
  );

  it('had load worth the name', () => {
    expect(ledger.jtis.size).toBeGreaterThan(KILLS * 5);
    expect(ledger.clients.size + ledger.applied.size).toBeGreaterThan(KILLS);
  });
});

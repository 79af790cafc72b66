/** Clients are known before they are asked for: after a start, and after a change that made the node forget all. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNodes, type Credentials, type Node } from '../support/gatehouse.js';

const API = 'urn:shop:inventory';
const CLIENTS = 5;
let node: Node;
let dispose: () => Promise<void>;
const clients: Credentials[] = [];

async function figure(name: string): Promise<number> {
  const text = await (await fetch(`${node.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((row) => row.startsWith(`${name}{cache="clients"}`));
  if (line === undefined) throw new Error(`no figure ${name}`);
  return Number(line.split(' ')[1]);
}

/** Waits until all clients of this test and the first administrator are known. */
async function known(): Promise<void> {
  const deadline = Date.now() + 10_000;
  while ((await figure('gatehouse_cache_entries')) < CLIENTS + 1) {
    if (Date.now() > deadline) throw new Error('the clients were not read ahead');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function tokensWithoutAMiss(): Promise<void> {
  const before = await figure('gatehouse_cache_misses_total');
  for (const client of clients) {
    expect((await node.post('/token', { grant_type: 'client_credentials' }, client)).status).toBe(200);
  }
  expect(await figure('gatehouse_cache_misses_total')).toBe(before);
}

beforeAll(async () => {
  ({
    nodes: [node],
    dispose,
  } = (await startNodes(1)) as { nodes: [Node]; dispose: () => Promise<void> });
  await node.admin('POST', '/apis', { audience: API, scopes: [{ name: 'a', description: '' }] });
  for (let i = 0; i < CLIENTS; i += 1) {
    const grants = [{ audience: API, scopes: ['a'] }];
    const { body } = await node.admin('POST', '/clients', { name: `c${i}`, grants });
    clients.push(body as unknown as Credentials);
  }
});
afterAll(() => dispose());

describe('clients are read ahead', () => {
  it('after a start', async () => {
    await node.restart();
    await known();
    await tokensWithoutAMiss();
  });

  it('after a change that concerns any number of them', async () => {
    await node.admin('POST', '/apis', { audience: 'urn:gone', scopes: [] });
    await node.admin('DELETE', '/apis/urn%3Agone');
    await known();
    await tokensWithoutAMiss();
  });
});

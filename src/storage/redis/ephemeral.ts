/** Short-lived values in Redis or Valkey. Every key lies in one of 16 hash-tag groups, so that scripts work in a Cluster. */
import { createHash } from 'node:crypto';
import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';
import { GatehouseError, unavailable } from '../../errors.js';
import type { EphemeralStore } from '../../registry/index.js';
import type { RedisConnection } from './connection.js';

const GROUPS = Array.from({ length: 16 }, (_, index) => index.toString(16));

/** The first byte of a value says whether it was consumed. */
const CONSUME = `local v = redis.call('GET', KEYS[1])
if not v then return false end
if string.sub(v, 1, 1) == '1' then return v end
redis.call('SETRANGE', KEYS[1], 0, '1')
return v`;

/** KEYS: mark, epoch of its group. A group without an epoch came up empty: its epoch begins now. */
const INSERT_ONCE = `local epoch = redis.call('GET', KEYS[2])
if not epoch then
  local t = redis.call('TIME')
  epoch = string.format('%.0f', t[1] * 1000 + math.ceil(t[2] / 1000))
  redis.call('SET', KEYS[2], epoch)
end
local set = redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1])
if set then return {1, epoch} end
return {0, epoch}`;

const INCREMENT = `local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n`;

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof GatehouseError ? error : unavailable('The store of short-lived data', error);
  }
}

function groupOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').charAt(0);
}

function masters(redis: RedisConnection): Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}

async function setting(node: Redis, name: string): Promise<string | undefined> {
  const answer = await node.call('CONFIG', 'GET', name);
  return Array.isArray(answer) ? (answer[1] as string | undefined) : undefined;
}

async function warningsOf(node: Redis): Promise<string[]> {
  try {
    const found: string[] = [];
    const policy = await setting(node, 'maxmemory-policy');
    if (policy !== undefined && policy !== 'noeviction')
      found.push(
        `Redis may evict keys (maxmemory-policy ${policy}): one-time uses could be forgotten; set noeviction`,
      );
    if ((await setting(node, 'appendonly')) === 'no')
      found.push(
        'Redis does not write an append-only file: a restart forgets one-time uses; set appendonly yes',
      );
    return found;
  } catch {
    return [
      'Redis does not let its settings be read; make sure of maxmemory-policy noeviction and appendonly yes',
    ];
  }
}

/** Short-lived data in `redis`, which it closes. All keys begin with `prefix`. */
export function redisEphemeral(redis: RedisConnection, prefix: string): EphemeralStore {
  const name = (space: 'v' | 'o' | 'c', key: string): string => `${prefix}{g${groupOf(key)}}:${space}:${key}`;
  const epochName = (group: string): string => `${prefix}{g${group}}:epoch`;
  const run = (script: string, keys: string[], ...args: string[]): Promise<unknown> =>
    redis.callBuffer('EVAL', script, keys.length, ...keys, ...args);
  const split = (stored: Buffer): { used: boolean; value: Buffer } => ({
    used: stored[0] === 0x31,
    value: stored.subarray(1),
  });
  return {
    set: (key, value, ttl) =>
      guarded(async () => {
        await redis.set(name('v', key), Buffer.concat([Buffer.from('0'), value]), 'EX', ttl);
      }),
    get: (key) =>
      guarded(async () => {
        const stored = await redis.getBuffer(name('v', key));
        const found = stored && split(stored);
        return found && !found.used ? found.value : undefined;
      }),
    delete: (key) => guarded(async () => (await redis.del(name('v', key))) > 0),
    consume: (key) =>
      guarded(async () => {
        const stored = await run(CONSUME, [name('v', key)]);
        if (!Buffer.isBuffer(stored)) return { outcome: 'missing' };
        const { used, value } = split(stored);
        return { outcome: used ? 'replayed' : 'consumed', value };
      }),
    insertOnce: (key, ttl) =>
      guarded(async () => {
        const keys = [name('o', key), epochName(groupOf(key))];
        const [first, epoch] = (await run(INSERT_ONCE, keys, String(ttl))) as [number, Buffer];
        return { first: first === 1, epoch: Number(epoch.toString()) };
      }),
    beginEpoch: (epoch) =>
      guarded(async () => {
        await Promise.all(GROUPS.map((group) => redis.set(epochName(group), String(epoch), 'NX')));
      }),
    increment: (key, ttl) => guarded(async () => Number(await run(INCREMENT, [name('c', key)], String(ttl)))),
    // A read in the keyspace rather than PING, which a Cluster without its slots answers too.
    ping: () =>
      guarded(async () => {
        await redis.exists(epochName('0'));
      }),
    warnings: async () => [...new Set((await Promise.all(masters(redis).map(warningsOf))).flat())],
    close: () => {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClientKeys } from '../../../src/authentication/client_keys.js';
import { clientDefaults, type RegisteredClient } from '../../../src/clients/index.js';
import { GatehouseError } from '../../../src/errors.js';

const MINUTE = 60_000;
const client = {
  ...clientDefaults('service'),
  id: 'c',
  jwksUri: 'https://keys.example/',
} as unknown as RegisteredClient;

let now: number;
let fetches: number;
/** What the source answers; undefined while it is down. */
let source: string[] | undefined;
let keys: ClientKeys;

beforeEach(() => {
  now = 1_000_000;
  fetches = 0;
  source = ['old'];
  keys = new ClientKeys({
    clock: { now: () => now },
    fetch: () => {
      fetches += 1;
      if (!source) return Promise.reject(new Error('down'));
      return Promise.resolve({ keys: source.map((kid) => ({ kty: 'EC', crv: 'P-256', kid })) });
    },
  });
});

const kids = async (again = false): Promise<unknown[]> =>
  ((await keys.of(client, again))?.jwks().keys ?? []).map(({ kid }) => kid);

describe('keys at a jwks_uri', () => {
  it('are fetched again every ten minutes, in the time of one fetch for all who ask', async () => {
    await Promise.all([kids(), kids(), kids()]);
    now += 9 * MINUTE;
    await kids();
    expect(fetches).toBe(1);
    now += MINUTE;
    source = ['new'];
    expect(await kids()).toEqual(['new']);
    expect(fetches).toBe(2);
  });

  it('are fetched at once for an unknown key, and for further ones not again within a minute', async () => {
    await kids();
    source = ['old', 'new'];
    now += MINUTE;
    expect(await kids(true)).toEqual(['old', 'new']);
    source = ['newest'];
    for (let use = 0; use < 59; use += 1) {
      now += 1000;
      expect(await kids(true)).toEqual(['old', 'new']);
    }
    now += 1000;
    expect(await kids(true)).toEqual(['newest']);
    expect(fetches).toBe(3);
  });

  it('go on while the source is down, which is asked once a minute', async () => {
    await kids();
    source = undefined;
    now += 10 * MINUTE;
    for (let use = 0; use < 60; use += 1) {
      expect(await kids(use % 2 === 0)).toEqual(['old']);
      now += 1000;
    }
    expect(fetches).toBe(2);
    now += 24 * 60 * MINUTE;
    expect(await kids()).toEqual(['old']);
    source = ['new'];
    now += MINUTE;
    expect(await kids()).toEqual(['new']);
  });

  it('are asked for soon again while there never were any', async () => {
    source = undefined;
    for (let use = 0; use < 5; use += 1) {
      await expect(kids()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    }
    expect(fetches).toBe(1);
    await expect(kids()).rejects.toBeInstanceOf(GatehouseError);
    source = ['first'];
    now += 5000;
    expect(await kids()).toEqual(['first']);
  });
});

/** What a node knows of clients and APIs: read ahead, read when asked for, forgotten when changed. */
import { describe, expect, it } from '@jest/globals';
import type { Api } from '../../../src/apis/index.js';
import type { RegisteredClient } from '../../../src/clients/index.js';
import { Directory, type DirectoryParts } from '../../../src/registry/index.js';

/** A registry of numbered clients that counts how it is read, and can be stopped before it answers. */
class FakeStores {
  readonly versions = new Map<string, number>();
  single = 0;
  pages = 0;
  apiReads = 0;
  failure: Error | undefined;
  /** Called after a page was read and before it is handed over. */
  beforePage: (from: string) => void = () => undefined;

  constructor(count: number) {
    for (let i = 0; i < count; i += 1) this.versions.set(`c${String(i).padStart(5, '0')}`, 1);
  }

  get ids(): string[] {
    return [...this.versions.keys()].sort();
  }

  directory(maxClients = 1000): { directory: Directory; failures: unknown[] } {
    const failures: unknown[] = [];
    const stores = {
      clients: {
        getRegistered: (id: string) => {
          this.single += 1;
          return Promise.resolve(this.#client(id));
        },
        listRegistered: (after: string, limit: number) => {
          this.pages += 1;
          if (this.failure) return Promise.reject(this.failure);
          const page = this.ids.filter((id) => id > after).slice(0, limit);
          const read = page.flatMap((id) => this.#client(id) ?? []);
          this.beforePage(after);
          return Promise.resolve(read);
        },
      },
      apis: {
        all: () =>
          this.failure ? Promise.reject(this.failure) : Promise.resolve([{ audience: 'urn:ahead' } as Api]),
        get: (audience: string) => {
          this.apiReads += 1;
          return Promise.resolve({ audience } as Api);
        },
      },
    } as unknown as DirectoryParts['stores'];
    const onReadAheadFailure = (error: unknown): void => void failures.push(error);
    return { directory: new Directory({ stores, maxClients, onReadAheadFailure }), failures };
  }

  #client(id: string): RegisteredClient | undefined {
    const version = this.versions.get(id);
    return version === undefined ? undefined : ({ id, version } as RegisteredClient);
  }
}

const changed = (kind: 'client' | 'api' | 'all', id = '') => ({ kind, id, position: 1 });

describe('reading ahead', () => {
  it('makes every client known, so that none is read one by one', async () => {
    const stores = new FakeStores(450);
    const { directory } = stores.directory();
    await directory.readAhead();
    for (const id of stores.ids) expect(directory.clients.get(id)).toEqual({ id, version: 1 });
    expect(directory.apis.get('urn:ahead')).toEqual({ audience: 'urn:ahead' });
    expect([stores.single, stores.apiReads]).toEqual([0, 0]);
    expect(stores.pages).toBe(3);
  });

  it('ends when as many are known as may be kept', async () => {
    const stores = new FakeStores(5000);
    const { directory } = stores.directory(400);
    await directory.readAhead();
    expect(stores.pages).toBe(2);
    expect(directory.clients.figures().size).toBe(400);
  });

  it('does not keep a client that changed while its page was read', async () => {
    const stores = new FakeStores(10);
    const { directory } = stores.directory();
    stores.beforePage = () => {
      stores.versions.set('c00003', 2);
      directory.changed(changed('client', 'c00003'));
    };
    await directory.readAhead();
    expect(await directory.clients.get('c00003')).toEqual({ id: 'c00003', version: 2 });
    expect(stores.single).toBe(1);
  });

  it('does not replace what was read when asked for', async () => {
    const stores = new FakeStores(3);
    const { directory } = stores.directory();
    const known = await directory.clients.get('c00001');
    await directory.readAhead();
    expect(directory.clients.get('c00001')).toBe(known);
  });

  it('finds a client that was thought absent', async () => {
    const stores = new FakeStores(1);
    const { directory } = stores.directory();
    expect(await directory.clients.get('c00007')).toBeUndefined();
    stores.versions.set('c00007', 1);
    await directory.readAhead();
    expect(directory.clients.get('c00007')).toEqual({ id: 'c00007', version: 1 });
  });

  it('begins again when all changed meanwhile, and keeps nothing of before', async () => {
    const stores = new FakeStores(450);
    const { directory } = stores.directory();
    let again: (() => void) | undefined;
    const finished = new Promise<void>((resolve) => (again = resolve));
    stores.beforePage = (after) => {
      if (after === 'c00199' && stores.pages === 2) {
        for (const id of stores.ids) stores.versions.set(id, 2);
        directory.changed(changed('all'));
      }
      if (after === 'c00399') setImmediate(() => again?.());
    };
    await directory.readAhead();
    await finished;
    for (const id of stores.ids) expect(directory.clients.get(id)).toEqual({ id, version: 2 });
    expect(stores.single).toBe(0);
  });

  it('is not begun by a change before it was asked for, nor after the end', async () => {
    const stores = new FakeStores(3);
    const { directory } = stores.directory();
    directory.changed(changed('all'));
    expect(stores.pages).toBe(0);
    await directory.readAhead();
    directory.stop();
    directory.changed(changed('all'));
    expect(stores.pages).toBe(1);
  });

  it('tells of a failure and leaves clients to be read when asked for', async () => {
    const stores = new FakeStores(3);
    const { directory, failures } = stores.directory();
    stores.failure = new Error('away');
    await directory.readAhead();
    expect(failures).toEqual([stores.failure]);
    expect(await directory.clients.get('c00001')).toEqual({ id: 'c00001', version: 1 });
  });
});

describe('a change', () => {
  it('of an API leaves the clients and the other APIs known', async () => {
    const stores = new FakeStores(3);
    const { directory } = stores.directory();
    await directory.readAhead();
    for (const audience of ['urn:a', 'urn:b']) await directory.apis.get(audience);
    directory.changed(changed('api', 'urn:a'));
    expect(directory.apis.peek('urn:a')).toBeUndefined();
    expect(directory.apis.peek('urn:b')).toBeDefined();
    expect(directory.clients.figures().size).toBe(3);
  });

  it('of a client that is being read is not lost', async () => {
    const stores = new FakeStores(3);
    const { directory } = stores.directory();
    const old = directory.clients.get('c00001');
    stores.versions.set('c00001', 2);
    directory.changed(changed('client', 'c00001'));
    expect(await old).toEqual({ id: 'c00001', version: 1 });
    expect(await directory.clients.get('c00001')).toEqual({ id: 'c00001', version: 2 });
  });
});

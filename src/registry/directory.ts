/**
 * The clients and APIs as this node knows them: in memory when warm, so that issuing a token asks no store. Changes made
 * on any node arrive through the change feed. Both are read ahead in bulk: after a start, and after a change of so many
 * that all were forgotten.
 */
import type { Api } from '../apis/index.js';
import type { RegisteredClient } from '../clients/index.js';
import { RegistryCache } from './cache.js';
import type { FeedSubscriber } from './feed.js';
import type { Change, DurableStores } from './ports.js';

const MAX_APIS = 10_000;
/** Clients in one statement: few, because the embedded database answers on the thread that also serves requests. */
const PAGE = 200;

export interface DirectoryParts {
  readonly stores: Pick<DurableStores, 'apis' | 'clients'>;
  readonly maxClients: number;
  /** Told when reading ahead failed; clients are then read as they are asked for. */
  readonly onReadAheadFailure: (error: unknown) => void;
}

export class Directory implements FeedSubscriber {
  readonly clients: RegistryCache<RegisteredClient>;
  readonly apis: RegistryCache<Api>;
  readonly #parts: DirectoryParts;
  /** The reading ahead that is wanted; one that finds another here ends. */
  #readingAhead: symbol | undefined;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
    const { apis, clients } = parts.stores;
    this.clients = new RegistryCache({ max: parts.maxClients, load: (id) => clients.getRegistered(id) });
    this.apis = new RegistryCache({ max: MAX_APIS, load: (audience) => apis.get(audience) });
  }

  /** Grants and `serves` that go with an API are told as changes of the clients, or as `all`. */
  changed(change: Change): void {
    if (change.kind === 'client') this.clients.forget(change.id);
    if (change.kind === 'api') this.apis.forget(change.id);
    if (change.kind === 'all') this.reset();
  }

  reset(): void {
    this.clients.clear();
    this.apis.clear();
    if (this.#readingAhead) void this.readAhead();
  }

  /**
   * Reads the APIs, and clients until all are known or no more may be kept; from then on also after every {@link reset}.
   * Never rejects. A call during another takes its place.
   */
  async readAhead(): Promise<void> {
    const own = Symbol('reading ahead');
    this.#readingAhead = own;
    const wanted = (): boolean => this.#readingAhead === own;
    const { maxClients, onReadAheadFailure } = this.#parts;
    let after: string | undefined = '';
    try {
      await this.#readApis();
      while (after !== undefined && wanted() && this.clients.figures().size < maxClients) {
        after = await this.#readPage(after);
      }
    } catch (error) {
      if (wanted()) onReadAheadFailure(error);
    }
  }

  async #readApis(): Promise<void> {
    const { apis } = this.#parts.stores;
    await this.apis.readAhead(async () => {
      const all = (await apis.all()).slice(0, MAX_APIS);
      return new Map(all.map((api) => [api.audience, api]));
    });
  }

  /** The id after which to go on; undefined when there are no more. */
  async #readPage(after: string): Promise<string | undefined> {
    let page: RegisteredClient[] = [];
    await this.clients.readAhead(async () => {
      page = await this.#parts.stores.clients.listRegistered(after, PAGE);
      return new Map(page.map((client) => [client.id, client]));
    });
    return page.length < PAGE ? undefined : page.at(-1)?.id;
  }

  /** Ends reading ahead for good; what is known stays. */
  stop(): void {
    this.#readingAhead = undefined;
  }
}

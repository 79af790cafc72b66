/**
 * The clients and APIs as this node knows them: in memory when warm, so that issuing a token asks no store. Changes made
 * on any node arrive through the change feed.
 */
import type { Api } from '../apis/index.js';
import type { RegisteredClient } from '../clients/index.js';
import { RegistryCache } from './cache.js';
import type { FeedSubscriber } from './feed.js';
import type { Change, DurableStores } from './ports.js';

const MAX_APIS = 10_000;

export class Directory implements FeedSubscriber {
  readonly clients: RegistryCache<RegisteredClient>;
  readonly apis: RegistryCache<Api>;

  constructor(parts: { readonly stores: DurableStores; readonly maxClients: number }) {
    const { apis, clients } = parts.stores;
    this.clients = new RegistryCache({ max: parts.maxClients, load: (id) => clients.getRegistered(id) });
    this.apis = new RegistryCache({ max: MAX_APIS, load: (audience) => apis.get(audience) });
  }

  changed(change: Change): void {
    if (change.kind === 'client') this.clients.forget(change.id);
    // Deleting an API takes grants and `serves` of any number of clients with it.
    if (change.kind === 'api' || change.kind === 'all') this.reset();
  }

  reset(): void {
    this.clients.clear();
    this.apis.clear();
  }
}

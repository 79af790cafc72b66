/** Opens Redis: the ephemeral store, and signals by publish/subscribe on a connection of their own. */
import type { EphemeralStore, Signals } from '../../registry/index.js';
import { connect } from './connection.js';
import type { RedisConnection } from './connection.js';
import { redisEphemeral } from './ephemeral.js';

type Warn = (message: string, detail: unknown) => void;

function redisSignals(
  publisher: RedisConnection,
  subscriber: RedisConnection,
  channel: string,
  warn: Warn,
): Signals {
  const handlers = new Set<(message: string) => void>();
  subscriber.on('message', (_channel: string, message: string) => {
    for (const handler of handlers) handler(message);
  });
  return {
    publish: async (message) => {
      try {
        await publisher.publish(channel, message);
      } catch (error) {
        warn('a signal to the other nodes was not sent', error);
      }
    },
    subscribe: (handler) => {
      handlers.add(handler);
    },
    close: () => {
      handlers.clear();
      subscriber.disconnect();
      return Promise.resolve();
    },
  };
}

/** Connects. A Redis that is away is no error here; it is used when it comes. */
export async function openRedis(
  url: string,
  prefix: string,
  warn: Warn,
): Promise<{ ephemeral: EphemeralStore; signals: Signals }> {
  const [main, subscriber] = await Promise.all([connect(url, false, warn), connect(url, true, warn)]);
  const channel = `${prefix}changes`;
  const subscribe = (): void => {
    subscriber.subscribe(channel).catch((error: unknown) => warn('signals are not received', error));
  };
  if (subscriber.status === 'ready') await subscriber.subscribe(channel).catch(() => undefined);
  // Also after every reconnection; subscribing twice is harmless.
  subscriber.on('ready', subscribe);
  return { ephemeral: redisEphemeral(main, prefix), signals: redisSignals(main, subscriber, channel, warn) };
}

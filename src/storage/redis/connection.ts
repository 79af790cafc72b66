/** Connections to Redis or Valkey in its three forms: single, Cluster, Sentinel. Knows no key. */
import { Cluster, Redis } from 'ioredis';

export type RedisConnection = Redis | Cluster;

/** Milliseconds for a command, for a connection, and to wait for the first one. */
const COMMAND_TIMEOUT = 1000;
const CONNECT_TIMEOUT = 3000;
const READY_WAIT = 3000;

/** Milliseconds before attempt `times` to connect again; for ever. */
const retryDelay = (times: number): number => Math.min(100 * times, 2000);

/** What a URL says of the login; ioredis' own type of options does not fit exactOptionalPropertyTypes. */
interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly tls?: object;
}

interface Target {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly path: string;
  readonly options: Login;
}

/** Takes a URL apart by hand, because several hosts are no WHATWG URL. The URL may hold a password: it is in no error. */
export function parseRedisUrl(url: string): Target {
  const match = /^(rediss?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/]*)@)?([^/?]+)(?:\/([^?]*))?/.exec(url);
  if (!match) throw new Error('REDIS_URL cannot be read; see docs/configuration.md for its forms');
  const [, scheme, kind, login, hosts = '', path = ''] = match;
  const defaultPort = kind === 'sentinel' ? 26_379 : 6379;
  const nodes = hosts.split(',').map((text) => {
    const node = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text.trim());
    if (!node?.[1]) throw new Error('REDIS_URL has a host that cannot be read');
    return { host: node[1].replace(/^\[|\]$/g, ''), port: Number(node[2] ?? defaultPort) };
  });
  const colon = login?.indexOf(':') ?? -1;
  const username = login === undefined ? '' : decodeURIComponent(colon < 0 ? login : login.slice(0, colon));
  const password = login === undefined || colon < 0 ? '' : decodeURIComponent(login.slice(colon + 1));
  return {
    kind: kind === 'cluster' || kind === 'sentinel' ? kind : 'single',
    nodes,
    path,
    options: {
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
      ...(scheme === 'rediss' ? { tls: {} } : {}),
    },
  };
}

function common(subscriber: boolean) {
  return {
    commandTimeout: COMMAND_TIMEOUT,
    connectTimeout: CONNECT_TIMEOUT,
    // A command that cannot be sent now fails now: callers answer 503 rather than wait.
    enableOfflineQueue: subscriber,
    maxRetriesPerRequest: subscriber ? null : 0,
    // A command whose answer was lost is not sent twice: a one-time use would be taken for a replay.
    autoResendUnfulfilledCommands: false,
    retryStrategy: retryDelay,
  };
}

function create(target: Target, subscriber: boolean): RedisConnection {
  const options = { ...common(subscriber), ...target.options };
  const [first] = target.nodes;
  if (target.kind === 'cluster') {
    return new Cluster(
      target.nodes.map((node) => ({ ...node })),
      {
        redisOptions: options,
        enableOfflineQueue: subscriber,
        clusterRetryStrategy: retryDelay,
        retryDelayOnFailover: 100,
        maxRedirections: 5,
        slotsRefreshTimeout: CONNECT_TIMEOUT,
      },
    );
  }
  if (target.kind === 'sentinel') {
    const [name = '', db = ''] = target.path.split('/');
    return new Redis({
      ...options,
      sentinels: target.nodes.map((node) => ({ ...node })),
      name,
      ...(db === '' ? {} : { db: Number(db) }),
      ...(target.options.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
      sentinelRetryStrategy: retryDelay,
    });
  }
  return new Redis({ ...options, ...first, ...(target.path === '' ? {} : { db: Number(target.path) }) });
}

/** Connects and waits a little for the connection; one that comes later is used when it comes. */
export async function connect(
  url: string,
  subscriber: boolean,
  warn: (message: string, detail: unknown) => void,
): Promise<RedisConnection> {
  const connection = create(parseRedisUrl(url), subscriber);
  connection.on('error', (error: unknown) => warn('a Redis connection broke', error));
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, READY_WAIT);
    connection.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return connection;
}

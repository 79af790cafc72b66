/** The admin plane in this process, over the store under test; who calls is decided by the test. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ADMIN_SCOPES,
  bootstrap,
  createAdministration,
  type BootstrapParts,
} from '../../src/administration/index.js';
import { GatehouseError } from '../../src/errors.js';
import { createAdminApp, type AdminCaller } from '../../src/http/admin/index.js';
import { ROUTES } from '../../src/http/admin/routes/index.js';
import { Metrics } from '../../src/http/metrics.js';
import { requestContext } from '../../src/http/request_context.js';
import { createSealer } from '../../src/keys/index.js';
import type { Clock } from '../../src/lib/clock.js';
import { NetworkSet } from '../../src/lib/networks.js';
import { createLog } from '../../src/log/logger.js';
import { openStorage, type Storage } from '../../src/storage/index.js';
import { storeUnderTest } from '../support/stores.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of the answer; an empty object when it has none. */
  readonly body: Record<string, unknown>;
}

export interface Sending {
  readonly as?: string;
  readonly body?: unknown;
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AdminPlane {
  readonly storage: Storage;
  readonly parts: BootstrapParts;
  readonly url: string;
  /** Milliseconds that the clock is ahead of the real one. */
  ahead: number;
  /** Lines of the log. */
  readonly logged: string[];
  /** Makes a token of that name for a client and its scopes at the admin API. */
  caller(token: string, clientId: string, scopes: readonly string[]): void;
  /** A request below /admin/v1. An answer that does not have the shape that is documented fails the test. */
  send(method: string, path: string, sending?: Sending): Promise<Answer>;
  close(): Promise<void>;
}

export const ISSUER = 'https://issuer.example';
const peppers = { currentId: 'p', get: (): Buffer => pepper };
const pepper = randomBytes(32);

export async function startAdminPlane(): Promise<AdminPlane> {
  const store = await storeUnderTest();
  const storage = await openStorage({ ...store, poolSize: 4, onWarning: () => undefined });
  await storage.migrate();
  const callers = new Map<string, AdminCaller>();
  const logged: string[] = [];
  const time = { ahead: 0 };
  const clock: Clock = { now: () => Date.now() + time.ahead };
  const parts = { durable: storage.durable, peppers, clock, writeCredentials: async () => undefined };
  await bootstrap(parts);
  const server = await listen(storage, parts, callers, logged);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const plane: AdminPlane = {
    storage,
    parts,
    url,
    logged,
    get ahead() {
      return time.ahead;
    },
    set ahead(ms: number) {
      time.ahead = ms;
    },
    caller: (token, clientId, scopes) => void callers.set(token, { clientId, scopes: new Set(scopes) }),
    send: (method, path, sending) => send(url, method, path, sending),
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await storage.close();
      await store.dispose();
    },
  };
  plane.caller(
    'admin',
    'gatehouse-admin',
    ADMIN_SCOPES.map(({ name }) => name),
  );
  return plane;
}

async function listen(
  storage: Storage,
  parts: BootstrapParts,
  callers: ReadonlyMap<string, AdminCaller>,
  logged: string[],
): Promise<Server> {
  const { signals } = storage;
  const sealer = createSealer(new Map([['0011223344556677', randomBytes(32)]]), '0011223344556677');
  const log = createLog({
    level: 'info',
    accessLog: true,
    sink: {
      write: (line: string) => void logged.push(line),
      flush: async () => undefined,
      flushSync: () => undefined,
    },
  });
  const administration = createAdministration({
    ...parts,
    signals,
    sealer,
    keys: { revoke: () => Promise.reject(new GatehouseError('not_found', 'there is no such key')) },
    tokens: {
      identify: async (token) =>
        token === 'a-token'
          ? { jti: 'j1', expiresAt: new Date(Date.now() + 60_000), clientId: 'shop' }
          : undefined,
    },
  });
  const app = createAdminApp({
    administration,
    authenticate: async ({ authorization }) => {
      const found = callers.get(authorization?.slice('Bearer '.length) ?? '');
      if (!found) throw new GatehouseError('invalid_token', 'a bearer token for the admin API is needed');
      return found;
    },
    issuer: ISSUER,
    requestContext: requestContext({
      plane: 'admin',
      log,
      metrics: new Metrics(),
      trustedProxies: new NetworkSet([]),
      draining: () => false,
    }),
    health: (_ctx, next) => next(),
    logger: log.logger,
    bodyLimit: 8_000_000,
    version: '0.0.0',
  });
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function send(
  url: string,
  method: string,
  path: string,
  { as = 'admin', body, raw, headers = {} }: Sending = {},
): Promise<Answer> {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(`${url}/admin/v1${path}`, {
    method,
    headers: {
      ...(as === '' ? {} : { authorization: `Bearer ${as}` }),
      ...(content === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(content === undefined ? {} : { body: content }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  const answer = {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
  requireDocumented(method, path, answer);
  return answer;
}

/** Every answer of every test has the shape that the description gives it. */
function requireDocumented(method: string, path: string, { status, headers, body, text }: Answer): void {
  if (status >= 400) {
    if (headers.get('content-type') !== 'application/problem+json' && method !== 'HEAD') {
      throw new Error(`${method} ${path} answers ${status} without a problem: ${text}`);
    }
    return;
  }
  const segments = (path.split('?', 1)[0] ?? '').split('/');
  const route = ROUTES.find((candidate) => {
    const pattern = candidate.path.split('/');
    return (
      candidate.method === method &&
      pattern.length === segments.length &&
      pattern.every((part, index) => part.startsWith('{') || part === segments[index])
    );
  });
  if (!route) return;
  if (status !== route.status) throw new Error(`${method} ${path} answers ${status}, not ${route.status}`);
  if (route.response) route.response.parse(body);
  else if (text !== '') throw new Error(`${method} ${path} has an answer that is not described`);
}

/** A plane with the request context and one handler, and a client that can send what fetch cannot. */
import Koa from 'koa';
import { connect } from 'node:net';
import { Metrics } from '../../../src/http/metrics.js';
import {
  requestContext,
  type GatehouseMiddleware,
  type RequestContextOptions,
  type RequestState,
} from '../../../src/http/request_context.js';
import { createPlaneServer, type PlaneServer, type PlaneServerOptions } from '../../../src/http/server.js';
import { NetworkSet } from '../../../src/lib/networks.js';
import { createLog } from '../../../src/log/logger.js';

export interface Door {
  readonly url: string;
  readonly port: number;
  readonly server: PlaneServer;
  readonly metrics: Metrics;
  /** Log records so far. */
  records(): Record<string, unknown>[];
  close(): Promise<void>;
}

export interface DoorOptions {
  readonly handler?: GatehouseMiddleware;
  readonly context?: Partial<RequestContextOptions>;
  readonly server?: Partial<PlaneServerOptions>;
}

export async function openDoor(options: DoorOptions = {}): Promise<Door> {
  const lines: string[] = [];
  const sink = {
    write: (line: string) => void lines.push(line),
    flush: () => Promise.resolve(),
    flushSync: () => undefined,
  };
  const log = createLog({ level: 'info', accessLog: true, sink });
  const metrics = new Metrics();
  const app = new Koa<RequestState>();
  app.silent = true;
  const context = requestContext({
    plane: 'public',
    log,
    metrics,
    trustedProxies: new NetworkSet([]),
    draining: () => server.draining,
    ...options.context,
  });
  app.use(context);
  app.use(
    options.handler ??
      ((ctx) => {
        ctx.body = { url: ctx.url, href: ctx.href, ip: ctx.state.clientIp };
      }),
  );
  const callback = app.callback();
  const server = createPlaneServer({
    plane: 'public',
    host: '127.0.0.1',
    port: 0,
    handler: (req, res) => void callback(req, res),
    logger: log.logger,
    metrics,
    ...options.server,
  });
  const { url, port } = await server.listen();
  return {
    url,
    port,
    server,
    metrics,
    records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    close: () => server.close(100),
  };
}

/** Sends bytes over one connection, more when the first answer arrives, and answers all that comes until it is closed. */
export function exchange(port: number, text: string, later?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.once('data', () => {
      if (later !== undefined) socket.write(later);
    });
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

/** A request that closes its connection, with headers in the order given. */
export function rawRequest(port: number, target: string, headers: readonly string[] = []): Promise<string> {
  const lines = [`GET ${target} HTTP/1.1`, 'Host: localhost', ...headers, 'Connection: close', '', ''];
  return exchange(port, lines.join('\r\n'));
}

export const statusOf = (answer: string): number => Number(answer.slice(9, 12));

/** A moment that a test waits for or decides on. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/**
 * The sockets of a plane: listening, limits of the protocol, the end. Owns timeouts, sizes, broken requests and the
 * graceful drain; knows nothing of what is served.
 */
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatehouseError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Metrics, Plane } from './metrics.js';
import { MAX_HEADERS } from './request_headers.js';
import { loadTls, watchTls, type TlsFiles } from './tls.js';

export interface PlaneServerOptions {
  readonly plane: Plane;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly handler: RequestListener;
  readonly tls?: TlsFiles | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Connections at once; further ones are dropped. */
  readonly maxConnections?: number;
  /** Milliseconds in which a whole request has to arrive; longer where large documents are uploaded. */
  readonly requestTimeout?: number;
}

export interface PlaneServer {
  /** @throws GatehouseError `server_error` with a sentence that names address and port. */
  listen(): Promise<{ readonly url: string; readonly port: number }>;
  /** True once close was called. */
  readonly draining: boolean;
  /**
   * Stops accepting, lets requests in flight finish, closes connections as they become idle, and after `timeoutMs` those
   * that are left. Resolves when all are closed; may be called again.
   */
  close(timeoutMs: number): Promise<void>;
}

const MAX_CONNECTIONS = 20_000;
const MAX_HEADER_BYTES = 16_384;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than load balancers keep idle connections (60 s), so that the one who knows of the next request closes first. */
const KEEP_ALIVE_MS = 75_000;
const IDLE_SWEEP_MS = 50;

/** @throws GatehouseError `server_error` when the TLS files cannot be used */
export function createPlaneServer(options: PlaneServerOptions): PlaneServer {
  const { plane, logger, metrics, tls } = options;
  const requestTimeout = options.requestTimeout ?? REQUEST_TIMEOUT_MS;
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1000,
    noDelay: true,
  };
  const handler = originForm(options.handler, plane);
  const secure = tls === undefined ? undefined : https.createServer({ ...loadTls(tls), ...limits }, handler);
  const server = secure ?? http.createServer(limits, handler);
  // One more than is answered, so that 431 is told instead of headers being dropped in silence.
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  server.on('clientError', (error: ParseError, socket) => answerBrokenRequest(error, socket, plane));
  server.on('drop', () => metrics.connectionDropped(plane));
  const stopWatching = secure && tls ? watchTls(secure, tls, logger) : () => undefined;

  let closing: Promise<void> | undefined;
  return {
    listen: () => listen(server, options),
    get draining() {
      return closing !== undefined;
    },
    close: (timeoutMs) => {
      stopWatching();
      return (closing ??= closeServer(server, timeoutMs));
    },
  };
}

async function listen(
  server: http.Server | https.Server,
  { host, port, plane, tls, logger }: PlaneServerOptions,
): Promise<{ url: string; port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, host, port, plane)));
    server.listen({ host, port, backlog: 1024 }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', (error) => logger.error({ error }, `the ${plane} plane cannot accept connections`));
  const actual = (server.address() as AddressInfo).port;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `${tls ? 'https' : 'http'}://${name}:${actual}`, port: actual };
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another process',
  EACCES: 'the permission for this port is missing',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the name of the host has no address',
};

function listenFailure(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  plane: Plane,
): GatehouseError {
  const reason = LISTEN_FAULTS[error.code ?? ''];
  const message = `the ${plane} plane cannot listen on ${host}:${port}`;
  if (reason === undefined) return new GatehouseError('server_error', message, { cause: error });
  return new GatehouseError('server_error', `${message}: ${reason}`);
}

/** Sockets that node did not close by itself: closed when idle, at the latest after the timeout. */
function closeServer(server: http.Server | https.Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const limit = setTimeout(() => server.closeAllConnections(), timeoutMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(limit);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/**
 * A request line may name a whole URL (RFC 9112 §3.2.2), and Koa would take origin and links from it. Only its path is
 * kept, so that nothing further in can be led astray; what has no path is refused.
 */
function originForm(handler: RequestListener, plane: Plane): RequestListener {
  return (req, res) => {
    const url = req.url ?? '';
    if (url.charCodeAt(0) !== 47) {
      const path = pathOf(url);
      if (path === undefined) {
        refuseTarget(req, res, plane);
        return;
      }
      req.url = path;
    }
    handler(req, res);
  };
}

function pathOf(target: string): string | undefined {
  if (!/^https?:\/\//i.test(target) || !URL.canParse(target)) return undefined;
  const { pathname, search } = new URL(target);
  return `${pathname}${search}`;
}

/**
 * What a request that came to no route is told: the error of RFC 6749 §5.2, and on the admin plane a problem (RFC 9457).
 * @param status number and reason, as in the status line
 */
function refusal(plane: Plane, status: string, detail: string): { type: string; body: string } {
  if (plane === 'public') {
    const body = JSON.stringify({ error: 'invalid_request', error_description: detail });
    return { type: 'application/json', body };
  }
  const problem = { type: 'urn:gatehouse:problem:invalid_request', title: status.slice(4) };
  const body = JSON.stringify({ ...problem, status: Number(status.slice(0, 3)), detail });
  return { type: 'application/problem+json', body };
}

function refuseTarget(req: IncomingMessage, res: ServerResponse, plane: Plane): void {
  const { type, body } = refusal(plane, '400 Bad Request', 'the request target is not a path');
  req.resume();
  res.writeHead(400, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' });
  res.end(body);
}

interface ParseError extends Error {
  readonly code?: string;
  /** What was being parsed. */
  readonly rawPacket?: Buffer;
}

const BROKEN: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Content Too Large', 'the chunk extensions are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not arrive in time'],
};

/** Answers what could not be parsed, unless an answer is under way on the connection: then it just ends. */
function answerBrokenRequest(error: ParseError, socket: Duplex, plane: Plane): void {
  // Node keeps the answer under way here, and looks at it in the same way when nobody listens to clientError.
  const answering = (socket as { _httpMessage?: ServerResponse | null })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent === true) {
    socket.destroy();
    return;
  }
  const [status, description] = BROKEN[error.code ?? ''] ?? ['400 Bad Request', 'the request is malformed'];
  const { type, body } = refusal(plane, status, description);
  // A client that asked for the head alone takes a body for the beginning of another answer (RFC 9110 §9.3.2).
  const headOnly = error.rawPacket?.toString('latin1', 0, 5) === 'HEAD ';
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Cache-Control: no-store\r\nConnection: close\r\n\r\n${headOnly ? '' : body}`,
    () => socket.destroy(),
  );
}

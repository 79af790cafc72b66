/**
 * The first middleware of both planes: who calls, under which id, what became of it. Owns the request id, the trace id,
 * the caller's address and certificate, the log event and the metrics of a request, and the answer to unexpected errors.
 * Runs 10,000 times a second and more: what most requests do not need is made when it is asked for.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type Koa from 'koa';
import { GatehouseError } from '../errors.js';
import { systemClock, type Clock } from '../lib/clock.js';
import { normalAddress, type NetworkSet } from '../lib/networks.js';
import type { Log } from '../log/logger.js';
import { RequestEvent } from '../log/request_event.js';
import { callerAddress } from './client_address.js';
import {
  certificateFromHeader,
  type ClientAuthorities,
  type ClientCertificate,
} from './client_certificate.js';
import type { Endpoint, Metrics, Plane } from './metrics.js';
import { headerFault, TooManyHeaders } from './request_headers.js';
import { traceIdOf } from './trace_context.js';
import { renderFailure } from './unexpected_errors.js';

export interface RequestContextOptions {
  readonly plane: Plane;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly trustedProxies: NetworkSet;
  /** Header in which a trusted proxy hands over the client certificate. */
  readonly clientCertHeader?: string | undefined;
  /** The authorities of clients, asked for at each use because the file can change. */
  readonly clientAuthorities?: (() => ClientAuthorities) | undefined;
  /** True from the moment the process shuts down: connections are not kept. */
  readonly draining: () => boolean;
  /** Answers what nothing further in answered; by default OAuth-shaped JSON. Must not throw. */
  readonly renderError?: (ctx: Koa.Context, error: unknown) => void;
  readonly clock?: Clock;
}

/** What is known of the other end of a connection; the same for all of its requests. */
interface Peer {
  readonly address: string;
  readonly trusted: boolean;
  certificate?: ClientCertificate | null;
}

/** Kept at `ctx.state` of every request. */
export class RequestState {
  readonly requestId: string;
  readonly traceId: string | null;
  readonly clientIp: string;
  /** Handlers add what they learn; written when the request ends. */
  readonly event: RequestEvent;
  /** Set by the route; `other` until then. */
  endpoint: Endpoint = 'other';
  readonly #certificate: () => ClientCertificate | undefined;

  constructor(event: RequestEvent, certificate: () => ClientCertificate | undefined) {
    this.requestId = event.requestId;
    this.traceId = event.traceId;
    this.clientIp = event.clientAddress;
    this.event = event;
    this.#certificate = certificate;
  }

  /**
   * The certificate that the client holds; undefined when it showed none.
   * @throws GatehouseError `invalid_request` when a trusted proxy sent something else
   */
  certificate(): ClientCertificate | undefined {
    return this.#certificate();
  }
}

export type GatehouseApp = Koa<RequestState>;
export type GatehouseContext = Koa.ParameterizedContext<RequestState>;
export type GatehouseMiddleware = Koa.Middleware<RequestState>;

/** When the connection is gone already, its address is not known any more. */
const NO_ADDRESS = '0.0.0.0';
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
/** The answer that nobody reads, as nginx counts it. */
const CLIENT_CLOSED_REQUEST = 499;

export function requestContext(options: RequestContextOptions): GatehouseMiddleware {
  const peers = new WeakMap<Socket, Peer>();
  const render = options.renderError ?? renderFailure;
  return async (ctx, next) => {
    const started = performance.now();
    const { req } = ctx;
    const state = createState(req, peerOf(req.socket, peers, options), options);
    ctx.state = state;
    ctx.res.setHeader('X-Request-Id', state.requestId);
    try {
      const fault = headerFault(req.rawHeaders);
      if (fault !== undefined) throw fault;
      await next();
    } catch (error) {
      noteError(state.event, error, req);
      render(ctx, error);
    }
    if (options.draining() && !ctx.res.headersSent) ctx.res.setHeader('Connection', 'close');
    finish(state, req, ctx.status, (performance.now() - started) / 1000, options);
  };
}

function peerOf(socket: Socket, peers: WeakMap<Socket, Peer>, options: RequestContextOptions): Peer {
  let peer = peers.get(socket);
  if (peer === undefined) {
    const address = normalAddress(socket.remoteAddress ?? NO_ADDRESS) ?? NO_ADDRESS;
    peer = { address, trusted: options.trustedProxies.contains(address) };
    peers.set(socket, peer);
  }
  return peer;
}

function createState(req: IncomingMessage, peer: Peer, options: RequestContextOptions): RequestState {
  const url = req.url ?? '/';
  const query = url.indexOf('?');
  const { headers } = req;
  const forwardedFor = peer.trusted ? headers['x-forwarded-for'] : undefined;
  const event = new RequestEvent({
    plane: options.plane,
    method: req.method ?? '',
    path: query === -1 ? url : url.slice(0, query),
    requestId: requestId(peer.trusted ? headers['x-request-id'] : undefined),
    traceId: headers.traceparent === undefined ? null : traceIdOf(headers.traceparent),
    clientAddress:
      typeof forwardedFor === 'string'
        ? callerAddress(peer.address, forwardedFor, options.trustedProxies)
        : peer.address,
  });
  return new RequestState(event, () => clientCertificate(req, peer, options));
}

function requestId(given: string | readonly string[] | undefined): string {
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** A trusted proxy speaks for its clients by the header alone: its own certificate is not theirs. */
function clientCertificate(
  req: IncomingMessage,
  peer: Peer,
  options: RequestContextOptions,
): ClientCertificate | undefined {
  const { clientCertHeader } = options;
  if (peer.trusted && clientCertHeader !== undefined) {
    const value = req.headers[clientCertHeader.toLowerCase()];
    const x509 = typeof value === 'string' ? certificateFromHeader(value) : undefined;
    if (x509 === undefined) return undefined;
    const now = (options.clock ?? systemClock).now();
    return { x509, chainVerified: options.clientAuthorities?.().vouchesFor(x509, now) ?? false };
  }
  peer.certificate ??= connectionCertificate(req.socket);
  return peer.certificate ?? undefined;
}

function connectionCertificate(socket: Socket): ClientCertificate | null {
  if (!(socket instanceof TLSSocket)) return null;
  const x509 = socket.getPeerX509Certificate();
  return x509 === undefined ? null : { x509, chainVerified: socket.authorized };
}

function noteError(event: RequestEvent, error: unknown, req: IncomingMessage): void {
  if (req.destroyed && !req.complete) return;
  if (error instanceof GatehouseError && error.code !== 'server_error') {
    event.errorCode ??= error.code;
    event.errorDetail ??= error.detail ?? error.message;
  } else {
    event.errorCode ??= error instanceof TooManyHeaders ? 'invalid_request' : 'server_error';
    event.error ??= error;
  }
}

function finish(
  state: RequestState,
  req: IncomingMessage,
  status: number,
  duration: number,
  options: RequestContextOptions,
): void {
  const { event } = state;
  event.endpoint = state.endpoint;
  event.status = req.destroyed && !req.complete ? CLIENT_CLOSED_REQUEST : status;
  event.duration = Math.round(duration * 1e6) / 1e6;
  options.metrics.request(options.plane, state.endpoint, event.method, event.status, duration);
  if (event.errorCode !== undefined) options.metrics.error(event.errorCode);
  options.log.request(event);
}

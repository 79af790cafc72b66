/**
 * The admin plane: its middleware in order. Knows the routes as rows (routes/), and nothing of storage or of how a token
 * is checked.
 */
import { Router } from '@koa/router';
import Koa from 'koa';
import { parsed, ScopeMissing, type Administration, type Caller } from '../../administration/index.js';
import type { Origin } from '../../audit/index.js';
import { GatehouseError, type FieldFault } from '../../errors.js';
import type { Logger } from '../../log/logger.js';
import type { ClientCertificate } from '../client_certificate.js';
import type {
  GatehouseApp,
  GatehouseContext,
  GatehouseMiddleware,
  RequestState,
} from '../request_context.js';
import { readJson, textFault } from './body.js';
import { expectedVersions, onceOf } from './conditions.js';
import { renderProblem } from './problems.js';
import { createReference } from './reference.js';
import { refusalNotes, type NoteRefusal } from './refusals.js';
import type { Route } from './route.js';
import { ROUTES } from './routes/index.js';

/** What a request shows of who sends it. */
export interface AdminAuthentication {
  readonly authorization: string | undefined;
  readonly dpop: string | undefined;
  readonly method: string;
  /** Without query; made of the configured or listening address, never of a Host header. */
  readonly url: string;
  readonly certificate: ClientCertificate | undefined;
}

export interface AdminCaller {
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
}

export interface AdminAppOptions {
  readonly administration: Administration;
  /** @throws GatehouseError `invalid_token` unless there is a good token for the admin API */
  readonly authenticate: (request: AdminAuthentication) => Promise<AdminCaller>;
  readonly issuer: string;
  /** Where callers reach this plane; without it the address of the socket. */
  readonly adminUrl?: string | undefined;
  readonly requestContext: GatehouseMiddleware;
  readonly health: GatehouseMiddleware;
  readonly logger: Logger;
  /** Bytes that an apply may have. */
  readonly bodyLimit: number;
  readonly version: string;
}

export const PREFIX = '/admin/v1';
/** Bytes of every body but that of apply. */
const BODY_LIMIT = 256 * 1024;

export function createAdminApp(options: AdminAppOptions): GatehouseApp {
  const app: GatehouseApp = new Koa<RequestState>();
  // Every error is answered here or by the request context; what Koa would print besides would be unredacted.
  app.silent = true;
  app.use(options.requestContext);
  app.use(securityHeaders);
  app.use(options.health);
  app.use(problems);
  app.use(createReference(options.issuer, options.version));
  app.use(routes(options));
  return app;
}

const securityHeaders: GatehouseMiddleware = (ctx, next) => {
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  ctx.set('Referrer-Policy', 'no-referrer');
  ctx.set('Cache-Control', 'no-store');
  return next();
};

const problems: GatehouseMiddleware = async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    renderProblem(ctx, error);
  }
};

function routes(options: AdminAppOptions): GatehouseMiddleware {
  const router = new Router<RequestState>({ prefix: PREFIX, sensitive: true, strict: true });
  const noteRefusal = refusalNotes(options.administration, options.logger);
  for (const route of ROUTES) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    router.register(path, [route.method], async (ctx) => serve(ctx, route, ctx.params, options, noteRefusal));
  }
  // Koa's types and the router's differ in the body alone.
  const dispatch = router.routes() as unknown as (ctx: GatehouseContext, next: Koa.Next) => Promise<void>;
  return (ctx, next) => {
    const found = router.match(ctx.path, ctx.method);
    if (found.route) return dispatch(ctx, next);
    const methods = new Set(found.path.flatMap((layer) => layer.methods));
    if (methods.size === 0) throw new GatehouseError('not_found', 'there is nothing at this path');
    ctx.set('Allow', [...methods].sort().join(', '));
    throw new GatehouseError('method_not_allowed', `here you can use ${[...methods].sort().join(', ')}`);
  };
}

async function serve(
  ctx: GatehouseContext,
  route: Route,
  params: unknown,
  options: AdminAppOptions,
  noteRefusal: NoteRefusal,
): Promise<void> {
  ctx.state.endpoint = route.endpoint;
  let origin: Origin | undefined;
  try {
    const caller = await authenticated(ctx, options);
    origin = caller.origin;
    requireScope(caller, route);
    answer(ctx, route, await handled(ctx, route, params, caller, options));
  } catch (error) {
    await noteRefusal(ctx, origin, error);
    throw error;
  }
}

async function authenticated(ctx: GatehouseContext, options: AdminAppOptions): Promise<Caller> {
  const { requestId, traceId, clientIp } = ctx.state;
  const { clientId, scopes } = await options.authenticate({
    authorization: ctx.headers.authorization,
    dpop: headerOf(ctx, 'dpop'),
    method: ctx.method,
    url: (options.adminUrl ?? socketUrl(ctx)) + ctx.path,
    certificate: ctx.state.certificate(),
  });
  const actor = { type: 'client', id: clientId } as const;
  return { origin: { actor, sourceIp: clientIp, requestId, traceId }, scopes };
}

function socketUrl({ req: { socket } }: GatehouseContext): string {
  const host = socket.localAddress ?? '';
  const name = host.includes(':') ? `[${host}]` : host;
  return `${'encrypted' in socket ? 'https' : 'http'}://${name}:${socket.localPort ?? 0}`;
}

/** @throws ScopeMissing */
function requireScope({ scopes }: Caller, { scope, orScope }: Route): void {
  if (scopes.has(scope) || (orScope !== undefined && scopes.has(orScope))) return;
  throw new ScopeMissing([scope]);
}

async function handled(
  ctx: GatehouseContext,
  route: Route,
  params: unknown,
  caller: Caller,
  options: AdminAppOptions,
): Promise<unknown> {
  const { administration, bodyLimit } = options;
  const query = queryOf(ctx.querystring, route);
  const path = parsed(route.params, checkedTexts(params as Record<string, string>, 'path'), 'path');
  const expected = route.ifMatch === true ? expectedVersions(headerOf(ctx, 'if-match')) : undefined;
  const given =
    route.body === undefined
      ? undefined
      : await readJson(ctx.req, route.large === true ? bodyLimit : BODY_LIMIT);
  const body = route.body && given ? parsed(route.body, given.value, '') : undefined;
  const once =
    route.status === 201 && given
      ? onceOf(headerOf(ctx, 'idempotency-key'), ctx.method, ctx.path, given.bytes)
      : undefined;
  return route.handle({ administration, caller, params: path, query, body, expected, once });
}

function headerOf(ctx: GatehouseContext, name: string): string | undefined {
  const value = ctx.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** @throws GatehouseError `validation_failed` */
function queryOf(text: string, route: Route): unknown {
  const given = new URLSearchParams(text);
  const names = [...given.keys()];
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  refuse(twice.map((name) => ({ pointer: `query/${name}`, message: 'is given twice' })));
  return parsed(route.query, checkedTexts(Object.fromEntries(given), 'query'), 'query');
}

function checkedTexts(texts: Readonly<Record<string, string>>, base: string): object {
  refuse(
    Object.entries(texts).flatMap(([name, text]) => {
      const message = textFault(text);
      return message === undefined ? [] : [{ pointer: `${base}/${name}`, message }];
    }),
  );
  return texts;
}

function refuse(faults: readonly FieldFault[]): void {
  if (faults.length > 0)
    throw new GatehouseError('validation_failed', 'some fields are not valid', { faults });
}

function answer(ctx: GatehouseContext, route: Route, result: unknown): void {
  ctx.status = route.status;
  if (result === undefined) return;
  const version = (result as { readonly version?: unknown }).version;
  if (typeof version === 'number') ctx.set('ETag', `"${version}"`);
  ctx.body = JSON.stringify(result);
  ctx.type = 'application/json';
}

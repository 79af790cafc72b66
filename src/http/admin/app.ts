/** The admin plane: authentication, the route table, problems and the reference page. Knows nothing of storage. */
import Koa from 'koa';
import type { z } from 'zod';
import type { Administration, Caller, Once } from '../../administration/index.js';
import type { Origin } from '../../audit/index.js';
import { GatehouseError } from '../../errors.js';
import type { Logger } from '../../log/logger.js';
import type {
  GatehouseApp,
  GatehouseContext,
  GatehouseMiddleware,
  RequestState,
} from '../request_context.js';
import { readJson } from './body.js';
import { createReference } from './reference.js';
import { renderProblem } from './problems.js';
import { ROUTES, type Route } from './routes.js';

export interface AdminAuthentication {
  readonly authorization: string | undefined;
  readonly dpop: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly certificate: unknown;
}

export interface AdminAppOptions {
  readonly administration: Administration;
  /** @throws GatehouseError `invalid_token` */
  readonly authenticate: (
    request: AdminAuthentication,
  ) => Promise<{ readonly clientId: string; readonly scopes: ReadonlySet<string> }>;
  readonly issuer: string;
  readonly requestContext: GatehouseMiddleware;
  readonly health: GatehouseMiddleware;
  readonly logger: Logger;
  /** Bytes that an apply may have. */
  readonly bodyLimit: number;
  readonly version: string;
}

const PREFIX = '/admin/v1';
const BODY_LIMIT = 256 * 1024;

export function createAdminApp(options: AdminAppOptions): GatehouseApp {
  const app = new Koa<RequestState>();
  const reference = createReference(options.issuer, options.version);
  app.use(options.requestContext);
  app.use(options.health);
  app.use(async (ctx) => {
    let route: Route | undefined;
    try {
      if (reference(ctx)) return;
      const found = match(ctx.method, ctx.path);
      route = found.route;
      await serve(ctx, found.route, found.params, options);
    } catch (error) {
      note(ctx, error);
      renderProblem(ctx, error, route?.scope);
    }
  });
  return app;
}

function note(ctx: GatehouseContext, error: unknown): void {
  const { event } = ctx.state;
  if (error instanceof GatehouseError && error.code !== 'server_error') {
    event.errorCode = error.code;
    event.errorDetail = error.detail ?? error.message;
  } else {
    event.errorCode = 'server_error';
    event.error = error;
  }
}

/** @throws GatehouseError `not_found`, `method_not_allowed` */
function match(method: string, path: string): { route: Route; params: Map<string, string> } {
  let pathKnown = false;
  if (path.startsWith(`${PREFIX}/`)) {
    const segments = path.slice(PREFIX.length + 1).split('/');
    for (const route of ROUTES) {
      const params = paramsOf(route.path.slice(1).split('/'), segments);
      if (params === undefined) continue;
      if (route.method === method) return { route, params };
      pathKnown = true;
    }
  }
  throw pathKnown
    ? new GatehouseError('method_not_allowed', 'the method is not allowed here')
    : new GatehouseError('not_found', 'there is nothing here');
}

function paramsOf(pattern: readonly string[], segments: readonly string[]): Map<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params = new Map<string, string>();
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (!part.startsWith('{')) {
      if (part !== segment) return undefined;
      continue;
    }
    try {
      params.set(part.slice(1, -1), decodeURIComponent(segment));
    } catch {
      return undefined;
    }
  }
  return params;
}

async function serve(
  ctx: GatehouseContext,
  route: Route,
  params: ReadonlyMap<string, string>,
  options: AdminAppOptions,
): Promise<void> {
  const { administration } = options;
  ctx.set('Cache-Control', 'no-store');
  const { clientId, scopes } = await options.authenticate({
    authorization: ctx.get('authorization') || undefined,
    dpop: ctx.get('dpop') || undefined,
    method: ctx.method,
    url: `${ctx.protocol}://${ctx.host}${ctx.path}`,
    certificate: ctx.state.certificate(),
  });
  const { requestId, traceId, clientIp } = ctx.state;
  const origin: Origin = { actor: { type: 'client', id: clientId }, sourceIp: clientIp, requestId, traceId };
  const caller: Caller = { origin, scopes };
  try {
    if (!scopes.has(route.scope) && (route.orScope === undefined || !scopes.has(route.orScope))) {
      throw new GatehouseError('insufficient_scope', `this needs the scope ${route.scope}`);
    }
    const raw = route.body
      ? await readJson(ctx.req, route.large === true ? options.bodyLimit : BODY_LIMIT)
      : {};
    const body = route.body ? parsed(route.body, raw, '') : undefined;
    const query = parsed(route.query, { ...ctx.query }, 'query');
    const once = route.status === 201 ? onceOf(ctx, raw) : undefined;
    const param = (name: string): string => params.get(name) ?? '';
    const request = { administration, caller, body, query, param, version: versionOf(ctx), once };
    answer(ctx, route, await route.handle(request));
  } catch (error) {
    await recordRefusal(administration, origin, `${route.method} ${route.path}`, error, options.logger);
    throw error;
  }
}

async function recordRefusal(
  administration: Administration,
  origin: Origin,
  subject: string,
  error: unknown,
  logger: Logger,
): Promise<void> {
  if (!(error instanceof GatehouseError)) return;
  if (error.code !== 'forbidden' && error.code !== 'insufficient_scope') return;
  try {
    await administration.noteRefusal(origin, subject, error.message);
  } catch (failure) {
    logger.error({ error: failure }, 'a refusal on the admin plane could not be recorded');
  }
}

function answer(ctx: GatehouseContext, route: Route, result: unknown): void {
  ctx.status = route.status;
  if (route.status === 204) return;
  if (
    typeof result === 'object' &&
    result !== null &&
    'version' in result &&
    typeof result.version === 'number'
  ) {
    ctx.set('ETag', `"${result.version}"`);
  }
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(result);
}

function versionOf(ctx: GatehouseContext): number | undefined {
  const given = ctx.get('if-match');
  if (given === '' || given === '*') return undefined;
  const digits = /^"(\d{1,10})"$/.exec(given)?.[1];
  if (digits === undefined)
    throw new GatehouseError('precondition_failed', 'If-Match is not an ETag of ours');
  return Number(digits);
}

function onceOf(ctx: GatehouseContext, body: unknown): Once | undefined {
  const key = ctx.get('idempotency-key');
  if (key === '') return undefined;
  if (!/^[\x21-\x7e]{8,255}$/.test(key)) {
    throw new GatehouseError('invalid_request', 'Idempotency-Key must be 8 to 255 printable characters');
  }
  return { key, request: `${ctx.method} ${ctx.path} ${JSON.stringify(body)}` };
}

/** @throws GatehouseError `validation_failed` with every fault */
function parsed(schema: z.ZodType, input: unknown, base: '' | 'query'): unknown {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const faults = result.error.issues.slice(0, 100).map((issue) => {
    const path = issue.path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'));
    return {
      pointer: base === '' ? path.map((part) => `/${part}`).join('') : `query/${path.join('/')}`,
      message: issue.message,
    };
  });
  throw new GatehouseError('validation_failed', 'some fields are not valid', { faults });
}

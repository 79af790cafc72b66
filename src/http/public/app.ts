/** The public plane: its middleware in order, and the dispatch to its few fixed paths. */
import Koa from 'koa';
import { GatehouseError } from '../../errors.js';
import type { GatehouseApp, GatehouseMiddleware, RequestState } from '../request_context.js';
import type { Route } from './routes.js';

export function createPublicApp(parts: {
  readonly context: GatehouseMiddleware;
  readonly routes: readonly Route[];
}): GatehouseApp {
  const app: GatehouseApp = new Koa<RequestState>();
  // Every error is answered by the request context; what Koa would print besides would be a second, unredacted line.
  app.silent = true;
  app.use(parts.context);
  app.use(securityHeaders);
  app.use(dispatch(parts.routes));
  return app;
}

/** Nothing here is a page: no script, no frame, no sniffing (OWASP secure headers). */
const securityHeaders: GatehouseMiddleware = (ctx, next) => {
  const { res } = ctx;
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  res.setHeader('Referrer-Policy', 'no-referrer');
  res.setHeader('Strict-Transport-Security', 'max-age=63072000');
  return next();
};

function dispatch(routes: readonly Route[]): GatehouseMiddleware {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  return (ctx) => {
    const route = byPath.get(ctx.path);
    if (!route)
      throw new GatehouseError(
        'not_found',
        'there is nothing at this path; /.well-known/openid-configuration names the endpoints',
      );
    ctx.state.endpoint = route.endpoint;
    const { method } = ctx;
    if (method === route.method || (method === 'HEAD' && route.method === 'GET')) return route.handle(ctx);
    ctx.set('Allow', route.method === 'GET' ? 'GET, HEAD' : 'POST');
    throw new GatehouseError('method_not_allowed', `use ${route.method} here`);
  };
}

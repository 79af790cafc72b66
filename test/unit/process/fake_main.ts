/** A process that serves nothing of Gatehouse: what is left is starting, supervising, draining and ending. */
import Koa from 'koa';
import { GatehouseError } from '../../../src/errors.js';
import { health } from '../../../src/http/admin/health.js';
import { requestContext, type RequestState } from '../../../src/http/request_context.js';
import { createPlaneServer, type PlaneServer } from '../../../src/http/server.js';
import { NetworkSet } from '../../../src/lib/networks.js';
import { serve, type Compose } from '../../../src/process/index.js';

const compose: Compose = async (settings, { log, metrics, metricsText }) => {
  if (process.env['FAKE_START'] === 'fail') {
    const cause = new Error('connect ECONNREFUSED\n postgres://u:hunter2@127.0.0.1:1');
    throw new GatehouseError('temporarily_unavailable', 'the database is not available', { cause });
  }
  if (process.env['FAKE_START'] === 'hang') {
    log.logger.info('composing');
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
  let ready = true;
  const servers: PlaneServer[] = [];
  const plane = (name: 'public' | 'admin', host: string, port: number): PlaneServer => {
    const app = new Koa<RequestState>();
    const draining = (): boolean => servers.some((server) => server.draining);
    app.use(requestContext({ plane: name, log, metrics, trustedProxies: new NetworkSet([]), draining }));
    const readiness = async () => ({ checks: { fake: { ok: ready, detail: 'is fake' } } });
    app.use(health({ readiness, metricsText }));
    app.use(async (ctx) => {
      if (ctx.path === '/crash') setImmediate(() => void Promise.reject(new Error('crashed')));
      if (ctx.path === '/slow') await new Promise((resolve) => setTimeout(resolve, 400));
      ctx.body = { pid: process.pid };
    });
    const callback = app.callback();
    const handler = (...args: Parameters<typeof callback>) => void callback(...args);
    const server = createPlaneServer({ plane: name, host, port, handler, logger: log.logger, metrics });
    servers.push(server);
    return server;
  };
  const publicPlane = plane('public', settings.host, settings.port);
  const adminPlane = plane('admin', settings.adminHost, settings.adminPort);
  return {
    listen: async () => ({
      publicUrl: (await publicPlane.listen()).url,
      adminUrl: (await adminPlane.listen()).url,
    }),
    drain: () => {
      ready = false;
    },
    close: async () => {
      await Promise.all(servers.map((server) => server.close(settings.shutdownTimeout * 1000)));
      if (process.env['FAKE_CLOSE'] === 'hang') await new Promise(() => undefined);
    },
  };
};

await serve(compose, process.env);

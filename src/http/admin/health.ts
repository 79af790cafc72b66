/** /healthz, /readyz and /metrics of the admin plane. Knows nothing of what is checked. */
import type { GatehouseMiddleware } from '../request_context.js';

export interface ReadinessCheck {
  readonly ok: boolean;
  /** A sentence for operators; never a secret. */
  readonly detail: string;
  /** False when the process can do its job without it; then it is told and does not count. */
  readonly required?: boolean;
}

export interface ReadinessReport {
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
}

export interface HealthOptions {
  readonly readiness: () => Promise<ReadinessReport>;
  /** All metrics in the text format of Prometheus. */
  readonly metricsText: () => Promise<string>;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function health(options: HealthOptions): GatehouseMiddleware {
  return async (ctx, next) => {
    const { method, path } = ctx;
    const endpoint =
      path === '/healthz' || path === '/readyz' ? 'health' : path === '/metrics' ? 'metrics' : undefined;
    if (endpoint === undefined) {
      await next();
      return;
    }
    ctx.state.endpoint = endpoint;
    ctx.set('Cache-Control', 'no-store');
    if (method !== 'GET' && method !== 'HEAD') {
      ctx.status = 405;
      ctx.set('Allow', 'GET, HEAD');
      return;
    }
    if (path === '/healthz') {
      ctx.body = { status: 'ok' };
    } else if (path === '/readyz') {
      const { checks } = await options.readiness();
      const ready = Object.values(checks).every((check) => check.ok || check.required === false);
      ctx.status = ready ? 200 : 503;
      ctx.body = { status: ready ? 'ready' : 'not_ready', checks };
    } else {
      ctx.type = METRICS_TYPE;
      ctx.body = await options.metricsText();
    }
  };
}

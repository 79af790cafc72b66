/** The composition root: the one place that constructs the parts and connects them. */
import { join } from 'node:path';
import { createAdministration } from './administration/index.js';
import { AuditRecorder } from './audit/index.js';
import { adminAccess } from './compose/access.js';
import { createDomain, type Domain } from './compose/domain.js';
import { startHousekeeping } from './compose/housekeeping.js';
import { readiness } from './compose/readiness.js';
import { revokeToken } from './compose/revoke_token.js';
import { openState, type NodeState } from './compose/state.js';
import type { Settings } from './config/schema.js';
import { workerCount } from './config/worker_count.js';
import { createAdminApp, renderProblem } from './http/admin/index.js';
import { health } from './http/admin/health.js';
import { renderOAuthError } from './http/public/errors.js';
import { createPublicApp } from './http/public/app.js';
import { publicRoutes } from './http/public/routes.js';
import type { Plane } from './http/metrics.js';
import { requestContext, type GatehouseApp, type GatehouseMiddleware } from './http/request_context.js';
import { createPlaneServer, type PlaneServer } from './http/server.js';
import { followClientAuthorities, type TlsFiles } from './http/tls.js';
import { systemClock as clock } from './lib/clock.js';
import { NetworkSet } from './lib/networks.js';
import { packageVersion } from './lib/package_root.js';
import type { Compose, ProcessParts } from './process/contract.js';
import { openSpool } from './storage/spool.js';

export { openForMaintenance } from './compose/maintenance.js';

export const compose: Compose = async (settings, parts) => {
  const { log, metrics } = parts;
  const state = await openState(settings, log.logger, metrics);
  // Each worker has its share, so that together they keep to the setting.
  const spoolBytes = Math.floor(settings.auditSpoolBytes / workerCount(settings));
  const spool = openSpool(join(settings.dataDir, 'audit-spool'), spoolBytes);
  const audit = new AuditRecorder({
    store: state.storage.durable.stores.audit,
    spool,
    clock,
    onHealth: (error) =>
      error === undefined
        ? log.logger.info('audit events are recorded again')
        : log.logger.warn({ error }, 'audit events cannot be recorded'),
  });
  const domain = createDomain(settings, state, audit, metrics);
  metrics.watch('auditQueueEvents', () => audit.queued);
  metrics.watch('auditSpoolBytes', () => spool.bytes());
  metrics.watch('changeFeedAge', () => state.feed.age() / 1000);
  metrics.watchCaches({
    clients: () => state.directory.clients.figures(),
    apis: () => state.directory.apis.figures(),
  });
  if (state.storage.pool) metrics.watchPool(state.storage.pool);
  let draining = false;
  const planes = openPlanes({ settings, parts, state, domain, audit, draining: () => draining });
  audit.start();
  const stopHousekeeping = startHousekeeping(state, domain.authenticator, log.logger);
  return {
    listen: async () => {
      const [publicPlane, adminPlane] = [await planes.public.listen(), await planes.admin.listen()];
      return { publicUrl: publicPlane.url, adminUrl: adminPlane.url };
    },
    drain: () => (draining = true),
    close: async () => {
      draining = true;
      const timeout = settings.shutdownTimeout * 1000;
      await Promise.all([planes.public.close(timeout), planes.admin.close(timeout)]);
      state.feed.stop();
      state.directory.stop();
      await stopHousekeeping();
      await audit.stop();
      await state.storage.close();
    },
  };
};

interface PlaneParts {
  readonly settings: Settings;
  readonly parts: ProcessParts;
  readonly state: NodeState;
  readonly domain: Domain;
  readonly audit: AuditRecorder;
  readonly draining: () => boolean;
}

function openPlanes(wiring: PlaneParts): { public: PlaneServer; admin: PlaneServer } {
  const { settings, parts } = wiring;
  const { log, metrics } = parts;
  const server = (plane: Plane, app: GatehouseApp): PlaneServer => {
    const handle = app.callback();
    return createPlaneServer({
      plane,
      host: plane === 'public' ? settings.host : settings.adminHost,
      port: plane === 'public' ? settings.port : settings.adminPort,
      handler: (request, response) => void handle(request, response),
      tls: tlsFiles(settings, plane),
      logger: log.logger,
      metrics,
      ...(plane === 'admin' ? { requestTimeout: 300_000 } : {}),
    });
  };
  return { public: server('public', publicPlane(wiring)), admin: server('admin', adminPlane(wiring)) };
}

function contextFor(plane: Plane, { settings, parts, draining }: PlaneParts): GatehouseMiddleware {
  const { log, metrics } = parts;
  const authorities =
    settings.tlsClientCaFile === undefined
      ? undefined
      : followClientAuthorities(settings.tlsClientCaFile, log.logger);
  return requestContext({
    plane,
    log,
    metrics,
    trustedProxies: new NetworkSet([...settings.trustedProxies]),
    clientCertHeader: settings.clientCertHeader,
    clientAuthorities: authorities,
    draining,
    renderError: plane === 'public' ? renderOAuthError(settings.issuer) : renderProblem,
  });
}

function publicPlane(wiring: PlaneParts): GatehouseApp {
  const { settings, parts, state, domain, audit } = wiring;
  const routes = publicRoutes({
    issuer: settings.issuer,
    certificates: {
      shown: settings.tlsClientCaFile !== undefined || settings.clientCertHeader !== undefined,
      chains: settings.tlsClientCaFile !== undefined,
    },
    bodyLimit: settings.bodyLimit,
    ...domain,
    keys: state.keys,
    audit,
    metrics: parts.metrics,
    clock,
    revokeToken: revokeToken(state),
  });
  return createPublicApp({ context: contextFor('public', wiring), routes });
}

function adminPlane(wiring: PlaneParts): GatehouseApp {
  const { settings, parts, state, domain, draining } = wiring;
  const { durable } = state.storage;
  const administration = createAdministration({
    durable,
    signals: state.announcing,
    peppers: state.dataKeys.peppers,
    sealer: state.dataKeys.sealer,
    clock,
    keys: state.lifecycle,
    tokens: {
      identify: async (token) => {
        const found = await domain.inspector.identify(token);
        return (
          found && {
            jti: found.claims.jti,
            expiresAt: new Date(found.claims.exp * 1000),
            clientId: found.claims.client_id,
          }
        );
      },
    },
  });
  return createAdminApp({
    administration,
    authenticate: adminAccess(domain.inspector, domain.dpop),
    issuer: settings.issuer,
    adminUrl: settings.adminUrl,
    requestContext: contextFor('admin', wiring),
    health: health({ readiness: readiness(state, settings, draining), metricsText: parts.metricsText }),
    logger: parts.log.logger,
    bodyLimit: settings.adminBodyLimit,
    version: packageVersion,
  });
}

/** Each plane has its own certificate; without one it speaks plain HTTP, behind a proxy or on loopback. */
function tlsFiles(settings: Settings, plane: Plane): TlsFiles | undefined {
  const [certFile, keyFile] =
    plane === 'public'
      ? [settings.tlsCertFile, settings.tlsKeyFile]
      : [settings.adminTlsCertFile, settings.adminTlsKeyFile];
  if (certFile === undefined || keyFile === undefined) return undefined;
  return { certFile, keyFile, ...(plane === 'public' ? { clientCaFile: settings.tlsClientCaFile } : {}) };
}

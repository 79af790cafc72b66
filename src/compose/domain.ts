/** The domain services over the state of a node. */
import type { AuditRecorder } from '../audit/index.js';
import {
  AssertionVerifier,
  ClientAuthenticator,
  ClientKeys,
  SecretVerifier,
} from '../authentication/index.js';
import type { Settings } from '../config/schema.js';
import type { Metrics } from '../http/metrics.js';
import { PATHS } from '../http/public/discovery.js';
import { systemClock as clock } from '../lib/clock.js';
import { BoundedQueue } from '../lib/bounded_queue.js';
import { NetworkSet } from '../lib/networks.js';
import { fetchDocument } from '../lib/outbound.js';
import { FailureLimiter } from '../limits/index.js';
import { DpopVerifier, JwtSigner, TokenInspector, TokenIssuer } from '../tokens/index.js';
import type { NodeState } from './state.js';

export interface Domain {
  readonly authenticator: ClientAuthenticator;
  readonly jwt: JwtSigner;
  readonly tokens: TokenIssuer;
  readonly inspector: TokenInspector;
  readonly dpop: DpopVerifier;
}

export function createDomain(
  settings: Settings,
  state: NodeState,
  audit: AuditRecorder,
  metrics: Metrics,
): Domain {
  const { issuer } = settings;
  const { directory, feed, book, keys, lifecycle } = state;
  const { ephemeral } = state.storage;
  const jwt = new JwtSigner({ keys, ensure: (alg) => lifecycle.ensure(alg) });
  return {
    jwt,
    authenticator: createAuthenticator(settings, state, audit, metrics),
    tokens: new TokenIssuer({
      issuer,
      directory,
      feed,
      maxStaleness: settings.maxStaleness,
      jwt,
      ephemeral,
      clock,
    }),
    inspector: new TokenInspector({
      issuer,
      directory,
      feed,
      maxStaleness: settings.maxRevocationStaleness,
      jwt,
      book,
      ephemeral,
      clock,
    }),
    dpop: new DpopVerifier({ ephemeral, clock }),
  };
}

function createAuthenticator(
  settings: Settings,
  state: NodeState,
  audit: AuditRecorder,
  metrics: Metrics,
): ClientAuthenticator {
  const { issuer } = settings;
  const { ephemeral, signals } = state.storage;
  const allowedPrivate = new NetworkSet([...settings.outboundAllow]);
  const fetch = async (url: string) => {
    const { body } = await fetchDocument(url, {
      allowedPrivate,
      timeoutMs: 3000,
      maxBytes: 65_536,
      accept: 'application/json',
    });
    return JSON.parse(body.toString('utf8')) as Awaited<
      ReturnType<ConstructorParameters<typeof ClientKeys>[0]['fetch']>
    >;
  };
  const clientKeys = new ClientKeys({ fetch, clock });
  return new ClientAuthenticator({
    directory: state.directory,
    keys: clientKeys,
    secrets: new SecretVerifier({
      peppers: state.dataKeys.peppers,
      queue: new BoundedQueue({ concurrency: 1, maxQueued: 50, name: 'the check of imported secrets' }),
    }),
    assertions: new AssertionVerifier({
      keys: clientKeys,
      ephemeral,
      clock,
      audiences: [issuer, issuer + PATHS.token, issuer + PATHS.introspection, issuer + PATHS.revocation],
    }),
    limiter: new FailureLimiter({
      ephemeral,
      signals,
      clock,
      limits: { perClient: settings.authFailuresPerClient, perNetwork: settings.authFailuresPerNetwork },
    }),
    clock,
    observer: {
      succeeded: (method) => metrics.authentication(method, 'success'),
      failed: ({ clientId, known, method, clientIp, requestId, traceId, reason, limit }) => {
        metrics.authentication(method, limit ? 'limited' : 'failure');
        if (limit) metrics.rateLimited(limit);
        audit.record({
          type: limit ? 'client.authentication_limited' : 'client.authentication_failed',
          outcome: 'failure',
          actor: { type: 'anonymous', id: clientIp },
          subject: { type: 'client', id: clientId },
          clientId: known ? clientId : null,
          sourceIp: clientIp,
          requestId,
          traceId,
          reason,
          before: null,
          after: null,
        });
      },
    },
  });
}

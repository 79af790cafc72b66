/** Whether this node can do its job, with a reason for each dependency. */
import type { Settings } from '../config/schema.js';
import type { ReadinessCheck, ReadinessReport } from '../http/admin/health.js';
import type { NodeState } from './state.js';

export function readiness(
  state: NodeState,
  settings: Settings,
  draining: () => boolean,
): () => Promise<ReadinessReport> {
  const { storage, feed, keys } = state;
  return async () => {
    const [sql, ephemeral, warnings] = await Promise.all([
      probe(() => storage.durable.ping()),
      probe(() => storage.ephemeral.ping()),
      storage.ephemeral.warnings().catch(() => []),
    ]);
    const age = feed.age() / 1000;
    const current = age <= settings.maxStaleness;
    return {
      checks: {
        serving: draining()
          ? { ok: false, detail: 'shutting down' }
          : { ok: true, detail: 'accepting requests' },
        // Tokens are issued from the last known good state while the database is away.
        sql: { ...sql, required: false },
        ephemeral: { ...ephemeral, required: false },
        state: {
          ok: current,
          detail: `the registry was read ${age.toFixed(1)} s ago; good for ${settings.maxStaleness} s`,
        },
        signing_key: keys.active('ES256')
          ? { ok: true, detail: 'active' }
          : { ok: false, detail: 'there is no active signing key' },
        ephemeral_settings: {
          ok: warnings.length === 0,
          detail: warnings.join('; ') || 'as they should be',
          required: false,
        },
      },
    };
  };
}

async function probe(ping: () => Promise<void>): Promise<ReadinessCheck> {
  try {
    await ping();
    return { ok: true, detail: 'answers' };
  } catch {
    return { ok: false, detail: 'does not answer' };
  }
}

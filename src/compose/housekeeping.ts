/** What happens now and then: last uses of secrets, clean-up in small batches by one node at a time. */
import type { ClientAuthenticator } from '../authentication/index.js';
import { systemClock as clock } from '../lib/clock.js';
import type { Logger } from '../log/logger.js';
import type { NodeState } from './state.js';

const USES_MS = 5000;
const PRUNE_MS = 60_000;
const PRUNE_BATCH = 1000;
const CHANGES_KEPT_MS = 24 * 3600 * 1000;

/** Starts the timers; answers how to stop them, which writes what is pending. */
export function startHousekeeping(
  state: NodeState,
  authenticator: ClientAuthenticator,
  logger: Logger,
): () => Promise<void> {
  const { durable } = state.storage;
  const writeUses = async (): Promise<void> => {
    const uses = authenticator.takeUses();
    if (uses.length > 0) await durable.stores.secrets.recordUses(uses);
  };
  const prune = async (): Promise<void> => {
    const now = new Date(clock.now());
    state.book.sweep(now.getTime());
    await durable.exclusively('prune', async () => {
      const { revocations, idempotency, changes } = durable.stores;
      await revocations.prune(now, PRUNE_BATCH);
      await idempotency.prune(now, PRUNE_BATCH);
      await changes.prune(new Date(now.getTime() - CHANGES_KEPT_MS), PRUNE_BATCH);
    });
  };
  const every = (ms: number, what: string, work: () => Promise<void>): NodeJS.Timeout =>
    setInterval(() => {
      work().catch((error: unknown) => logger.warn({ error }, `${what} failed`));
    }, ms).unref();
  const timers = [every(USES_MS, 'noting uses of secrets', writeUses), every(PRUNE_MS, 'clean-up', prune)];
  return async () => {
    timers.forEach((timer) => clearInterval(timer));
    await writeUses().catch(() => undefined);
  };
}

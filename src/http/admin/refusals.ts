/** Refusals for lack of power go to the audit record. One without any credentials is a visitor, not an event. */
import type { Administration } from '../../administration/index.js';
import type { Origin } from '../../audit/index.js';
import { GatehouseError } from '../../errors.js';
import type { Logger } from '../../log/logger.js';
import type { GatehouseContext } from '../request_context.js';

/** Refused tokens that are recorded in a minute; more are in the log alone, so that a stranger cannot fill the record. */
const STRANGERS_PER_MINUTE = 60;
const MINUTE_MS = 60_000;

export type NoteRefusal = (
  ctx: GatehouseContext,
  origin: Origin | undefined,
  error: unknown,
) => Promise<void>;

export function refusalNotes(administration: Administration, logger: Logger): NoteRefusal {
  let minute = 0;
  let strangers = 0;
  const isCounted = (): boolean => {
    const now = Math.floor(Date.now() / MINUTE_MS);
    if (now !== minute) [minute, strangers] = [now, 0];
    strangers += 1;
    return strangers <= STRANGERS_PER_MINUTE;
  };
  return async (ctx, origin, error) => {
    if (!(error instanceof GatehouseError)) return;
    const { clientIp, requestId, traceId } = ctx.state;
    const anonymous = {
      actor: { type: 'anonymous', id: clientIp },
      sourceIp: clientIp,
      requestId,
      traceId,
    } as const;
    if (origin === undefined) {
      const tried = error.code === 'invalid_token' || error.code === 'invalid_dpop_proof';
      if (!tried || ctx.get('authorization') === '' || !isCounted()) return;
    } else if (error.code !== 'forbidden' && error.code !== 'insufficient_scope') return;
    try {
      await administration.noteRefusal(
        origin ?? anonymous,
        `${ctx.method} ${ctx.path}`.slice(0, 600),
        error.message,
      );
    } catch (failure) {
      logger.error({ error: failure }, 'a refusal on the admin plane could not be recorded');
    }
  };
}

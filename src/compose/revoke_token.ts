/** Revokes one token at the request of a client (RFC 7009), with its record, in one transaction. */
import { randomUUID } from 'node:crypto';
import type { GatehouseContext } from '../http/request_context.js';
import { systemClock as clock } from '../lib/clock.js';
import { CHANGED_SIGNAL } from '../registry/index.js';
import type { ActiveToken } from '../tokens/index.js';
import type { NodeState } from './state.js';

const SKEW_MS = 60_000;

export function revokeToken(state: NodeState) {
  return async ({ claims }: ActiveToken, ctx: GatehouseContext, clientId: string): Promise<void> => {
    const { clientIp, requestId, traceId } = ctx.state;
    const now = new Date(clock.now());
    await state.storage.durable.transaction(async (stores) => {
      await stores.revocations.put({
        kind: 'token',
        subject: claims.jti,
        revokedAt: now,
        expiresAt: new Date(claims.exp * 1000 + SKEW_MS),
        reason: 'revoked by a client',
        createdBy: clientId,
      });
      await stores.changes.append([{ kind: 'revocation', id: `token:${claims.jti}` }]);
      await stores.audit.append([
        {
          id: randomUUID(),
          at: now,
          type: 'token.revoked',
          outcome: 'success',
          actor: { type: 'client', id: clientId },
          subject: { type: 'token', id: claims.jti },
          clientId: claims.client_id,
          sourceIp: clientIp,
          requestId,
          traceId,
          reason: null,
          before: null,
          after: { audience: claims.aud },
        },
      ]);
    });
    await state.announcing.publish(CHANGED_SIGNAL);
  };
}

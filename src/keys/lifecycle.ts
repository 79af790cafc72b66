/**
 * The phases of signing keys. Each algorithm in use has an active key and a successor that is published already, so that
 * a compromised key can be replaced by one that verifiers know.
 */
import { randomUUID } from 'node:crypto';
import type { SigningAlg } from '../apis/index.js';
import { SIGNING_ALGS } from '../apis/index.js';
import type { AuditEvent, AuditEventType, Origin } from '../audit/index.js';
import { GatehouseError } from '../errors.js';
import type { Clock } from '../lib/clock.js';
import type { Durable, DurableStores } from '../registry/index.js';
import type { Revocation } from '../revocations/index.js';
import { generateSigningKey } from './jws.js';
import { sealingContext } from './key_ring.js';
import type { Sealer } from './sealer.js';

/** The longest life that a token can have, with skew: so long a revocation must be remembered. In milliseconds. */
export const LONGEST_TOKEN_MS = (24 * 3600 + 60) * 1000;

const SYSTEM: Origin = {
  actor: { type: 'system', id: 'gatehouse' },
  sourceIp: null,
  requestId: null,
  traceId: null,
};

export class KeyLifecycle {
  readonly #durable: Durable;
  readonly #sealer: Sealer;
  readonly #clock: Clock;
  readonly #published: () => Promise<void>;

  /** @param parts.published tells all nodes, and waits until this one knows */
  constructor(parts: {
    readonly durable: Durable;
    readonly sealer: Sealer;
    readonly clock: Clock;
    readonly published: () => Promise<void>;
  }) {
    this.#durable = parts.durable;
    this.#sealer = parts.sealer;
    this.#clock = parts.clock;
    this.#published = parts.published;
  }

  /** Gives an algorithm its active key and a published successor, if it lacks them. Safe on several nodes at once. */
  async ensure(alg: SigningAlg): Promise<void> {
    await this.#durable.transaction((stores) => this.#complete(stores, alg, SYSTEM));
    await this.#published();
  }

  /**
   * Ends a key at once: it leaves JWKS, its private part is destroyed, its tokens are dead, the successor signs.
   * @throws GatehouseError `not_found`, or `conflict` when it is revoked already
   */
  async revoke(kid: string, reason: string, origin: Origin): Promise<Revocation> {
    const revocation = await this.#durable.transaction(async (stores) => {
      const key = (await stores.signingKeys.list()).find((candidate) => candidate.kid === kid);
      if (!key) throw new GatehouseError('not_found', `there is no signing key ${kid}`);
      if (key.phase === 'revoked')
        throw new GatehouseError('conflict', `the signing key ${kid} is revoked already`);
      await stores.signingKeys.setPhase(kid, 'revoked');
      const now = this.#clock.now();
      const made = await stores.revocations.put({
        kind: 'key',
        subject: kid,
        revokedAt: new Date(now),
        expiresAt: new Date(now + LONGEST_TOKEN_MS),
        reason,
        createdBy: origin.actor.id,
      });
      await stores.changes.append([{ kind: 'revocation', id: `key:${kid}` }]);
      await this.#note(stores, 'key.revoked', kid, origin, reason, { alg: key.alg, phase: key.phase });
      const alg = SIGNING_ALGS.find((known) => known === key.alg);
      if (alg) await this.#complete(stores, alg, origin);
      return made;
    });
    await this.#published();
    return revocation;
  }

  async #complete(stores: DurableStores, alg: SigningAlg, origin: Origin): Promise<void> {
    const keys = (await stores.signingKeys.list()).filter((key) => key.alg === alg);
    if (!keys.some((key) => key.phase === 'active')) {
      const successor =
        keys.find((key) => key.phase === 'next')?.kid ?? (await this.#add(stores, alg, origin));
      await stores.signingKeys.setPhase(successor, 'active');
      await this.#note(stores, 'key.activated', successor, origin, null, { alg });
    }
    const after = (await stores.signingKeys.list()).filter((key) => key.alg === alg);
    if (!after.some((key) => key.phase === 'next')) await this.#add(stores, alg, origin);
  }

  async #add(stores: DurableStores, alg: SigningAlg, origin: Origin): Promise<string> {
    const { kid, publicJwk, privateKey } = await generateSigningKey(alg);
    const der = privateKey.export({ format: 'der', type: 'pkcs8' });
    const sealedPrivate = this.#sealer.seal(der, sealingContext(kid));
    der.fill(0);
    await stores.signingKeys.insert({ kid, alg, phase: 'next', publicJwk, sealedPrivate });
    await stores.changes.append([{ kind: 'key', id: kid }]);
    await this.#note(stores, 'key.created', kid, origin, null, { alg });
    return kid;
  }

  async #note(
    stores: DurableStores,
    type: AuditEventType,
    kid: string,
    origin: Origin,
    reason: string | null,
    after: Record<string, unknown>,
  ): Promise<void> {
    const event: AuditEvent = {
      id: randomUUID(),
      at: new Date(this.#clock.now()),
      type,
      outcome: 'success',
      ...origin,
      subject: { type: 'key', id: kid },
      clientId: null,
      reason,
      before: null,
      after,
    };
    await stores.audit.append([event]);
  }
}

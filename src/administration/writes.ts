/** One write: change, change feed and audit in one transaction, then a signal to the other nodes. */
import { randomUUID } from 'node:crypto';
import type { AuditData, AuditEvent, AuditEventType } from '../audit/index.js';
import { GatehouseError } from '../errors.js';
import { CHANGED_SIGNAL, type Change, type DurableStores } from '../registry/index.js';
import type { Client } from '../clients/index.js';
import { invalid } from './faults.js';
import { recall, remember } from './idempotency.js';
import type { AdministrationParts, Caller, Once } from './ports.js';
import { clientFieldsOf } from './views.js';

/** More changes than this become one `all`. */
export const MAX_CHANGES = 500;

export interface AuditDetails {
  readonly clientId?: string | null;
  readonly reason?: string | null;
  readonly before?: object | null;
  readonly after?: object | null;
}

/** What a write does, gathered while it runs. */
export class Unit {
  readonly stores: DurableStores;
  readonly caller: Caller;
  readonly now: Date;
  /** By kind and id; a client that changes in several ways is one change. */
  readonly #changes = new Map<string, Change>();
  #events: AuditEvent[] = [];

  constructor(stores: DurableStores, caller: Caller, now: Date) {
    this.stores = stores;
    this.caller = caller;
    this.now = now;
  }

  change(kind: Change['kind'], id: string): void {
    if (this.#changes.size <= MAX_CHANGES || kind === 'revocation' || kind === 'key') {
      this.#changes.set(`${kind} ${id}`, { kind, id });
    }
  }

  get changed(): boolean {
    return this.#changes.size > 0;
  }

  audit(type: AuditEventType, subjectType: string, subjectId: string, details: AuditDetails = {}): void {
    this.#events.push(auditEvent(this.caller, this.now, type, subjectType, subjectId, details));
  }

  /** Writes the events so far: a large write does not keep them all. */
  async flush(): Promise<void> {
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) await this.stores.audit.append(events);
  }

  async finish(): Promise<void> {
    await this.flush();
    const changes = [...this.#changes.values()];
    const all = changes.length > MAX_CHANGES || changes.some((change) => change.kind === 'all');
    // `all` stands for clients and APIs; revocations are still told one by one.
    const told = changes.filter(({ kind }) => !all || kind === 'revocation' || kind === 'key');
    if (all) told.push({ kind: 'all', id: '' });
    if (told.length > 0) await this.stores.changes.append(told);
  }
}

/** An event of success by a caller. */
export function auditEvent(
  caller: Caller,
  at: Date,
  type: AuditEventType,
  subjectType: string,
  subjectId: string,
  details: AuditDetails,
): AuditEvent {
  const { actor, sourceIp, requestId, traceId } = caller.origin;
  const data = (value: object | null | undefined): AuditData | null => (value ?? null) as AuditData | null;
  return {
    id: randomUUID(),
    at,
    type,
    outcome: 'success',
    actor,
    subject: { type: subjectType, id: subjectId },
    clientId: details.clientId ?? null,
    sourceIp,
    requestId,
    traceId,
    reason: details.reason ?? null,
    before: data(details.before),
    after: data(details.after),
  };
}

export class Writes {
  readonly #parts: Pick<AdministrationParts, 'durable' | 'signals' | 'sealer' | 'clock'>;

  constructor(parts: Pick<AdministrationParts, 'durable' | 'signals' | 'sealer' | 'clock'>) {
    this.#parts = parts;
  }

  /** @param once answers a repeated request as it was answered the first time; the answer must be plain JSON */
  async run<T>(caller: Caller, work: (unit: Unit) => Promise<T>, once?: Once): Promise<T> {
    const { durable, signals, sealer, clock } = this.#parts;
    const actor = `${caller.origin.actor.type}:${caller.origin.actor.id}`;
    let changed = false;
    const result = await durable.transaction(async (stores) => {
      const unit = new Unit(stores, caller, new Date(clock.now()));
      const known = once && (await recall(stores, sealer, actor, once, unit.now));
      if (known) return known.answer as T;
      const answer = await work(unit);
      await unit.finish();
      if (once) await remember(stores, sealer, actor, once, answer, unit.now);
      changed = unit.changed;
      return answer;
    });
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set inside the callback above
    if (changed) await signals.publish(CHANGED_SIGNAL);
    return result;
  }
}

/** Versions that If-Match names; undefined when there is no such header or it is `*`. */
export type Expected = readonly number[] | undefined;

/** @throws GatehouseError `precondition_failed` when other versions are expected */
export function requireVersion(entity: { readonly version: number }, expected: Expected): void {
  if (expected !== undefined && !expected.includes(entity.version)) {
    throw new GatehouseError('precondition_failed', 'it was changed in the meantime; read it again');
  }
}

/** Raises the version of a client whose secrets or grants changed: its ETag stands for them too. */
export async function touchClient(unit: Unit, client: Client): Promise<void> {
  await unit.stores.clients.updateMany([{ id: client.id, ...clientFieldsOf(client) }]);
  unit.change('client', client.id);
}

/** `base` with the defined fields of `patch`. */
export function merged<T extends object>(base: T, patch: object): T {
  const result = { ...base } as Record<string, unknown>;
  for (const [name, value] of Object.entries(patch)) {
    if (value !== undefined && Object.hasOwn(base, name)) result[name] = value;
  }
  return result as T;
}

export function notFound(what: string): GatehouseError {
  return new GatehouseError('not_found', `there is no such ${what}`);
}

/** @throws GatehouseError `validation_failed` when there are faults */
export function requireNoFaults(faults: readonly { pointer: string; message: string }[]): void {
  if (faults.length > 0) {
    throw invalid(faults);
  }
}

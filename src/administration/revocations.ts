/** Administration of revocations, and reading of keys and of the audit log. */
import type { AuditFilter } from '../audit/index.js';
import { GatehouseError } from '../errors.js';
import { REVOCATION_KINDS, type RevocationKind } from '../revocations/index.js';
import type { AdministrationParts, Caller, Once, Page, PageRequest } from './ports.js';
import { requirePowerOver } from './privileges.js';
import {
  auditView,
  keyView,
  revocationView,
  type AuditView,
  type KeyView,
  type RevocationView,
} from './views.js';
import { notFound, requireNoFaults, type Unit, type Writes } from './writes.js';

export interface RevocationInput {
  readonly kind: RevocationKind;
  readonly subject?: string | undefined;
  /** With kind `token`, instead of its jti. */
  readonly token?: string | undefined;
  readonly reason?: string | undefined;
}

/** The longest life of a token, and the tolerance for clocks: after that the revocation has nothing left to do. */
const BOUND_MS = (24 * 3600 + 60) * 1000;

interface Target {
  readonly kind: 'token' | 'client';
  readonly subject: string;
  readonly expiresAt: Date;
  readonly clientId: string | null;
}

export class RevocationAdministration {
  readonly #parts: AdministrationParts;
  readonly #writes: Writes;

  constructor(parts: AdministrationParts, writes: Writes) {
    this.#parts = parts;
    this.#writes = writes;
  }

  async list(
    filter: { readonly kind?: RevocationKind; readonly subject?: string },
    page: PageRequest,
  ): Promise<Page<RevocationView>> {
    const found = await this.#parts.durable.stores.revocations.list(filter, page.cursor, page.limit);
    return { items: found.items.map(revocationView), nextCursor: found.next ?? null };
  }

  /** @param id `kind:subject` @throws GatehouseError `not_found` */
  async get(id: string): Promise<RevocationView> {
    const colon = id.indexOf(':');
    const kind = REVOCATION_KINDS.find((known) => known === id.slice(0, Math.max(colon, 0)));
    const found = kind && (await this.#parts.durable.stores.revocations.get(kind, id.slice(colon + 1)));
    if (!found) throw notFound('revocation');
    return revocationView(found);
  }

  /** @throws GatehouseError `validation_failed`, `not_found`, `forbidden`, `insufficient_scope` */
  async create(caller: Caller, input: RevocationInput, once?: Once): Promise<RevocationView> {
    const { kind, subject, reason = '' } = input;
    if (kind === 'key') {
      if (!caller.scopes.has('keys:write')) {
        throw new GatehouseError('insufficient_scope', 'revoking a key needs the scope keys:write');
      }
      return revocationView(
        await this.#parts.keys.revoke(required(subject, '/subject'), reason, caller.origin),
      );
    }
    const target = kind === 'client' ? this.#client(required(subject, '/subject')) : await this.#token(input);
    return this.#writes.run(caller, (unit) => record(unit, target, reason), once);
  }

  #client(subject: string): Target {
    return {
      kind: 'client',
      subject,
      expiresAt: new Date(this.#parts.clock.now() + BOUND_MS),
      clientId: subject,
    };
  }

  async #token({ token, subject }: RevocationInput): Promise<Target> {
    const bound = new Date(this.#parts.clock.now() + BOUND_MS);
    if (token === undefined) {
      return { kind: 'token', subject: required(subject, '/subject'), expiresAt: bound, clientId: null };
    }
    const known = await this.#parts.tokens.identify(token);
    if (!known) {
      throw requiredFault('/token', 'is not a live token of this server');
    }
    // The tolerance for clocks keeps the row as long as anybody may still accept the token.
    const expiresAt = new Date(known.expiresAt.getTime() + 60_000);
    return { kind: 'token', subject: known.jti, expiresAt, clientId: known.clientId };
  }
}

function requiredFault(pointer: string, message: string): GatehouseError {
  return new GatehouseError('validation_failed', 'some fields are not valid', {
    faults: [{ pointer, message }],
  });
}

function required(value: string | undefined, pointer: string): string {
  if (value === undefined || value === '') throw requiredFault(pointer, 'is required');
  if (value.length > 256) requireNoFaults([{ pointer, message: 'must be 256 characters at most' }]);
  return value;
}

/** Revokes all tokens of a client that were made up to now. */
export async function revokeTokensOf(unit: Unit, clientId: string): Promise<void> {
  const { id } = revocationView(
    await unit.stores.revocations.put({
      kind: 'client',
      subject: clientId,
      revokedAt: unit.now,
      expiresAt: new Date(unit.now.getTime() + BOUND_MS),
      reason: 'client deleted',
      createdBy: unit.caller.origin.actor.id,
    }),
  );
  unit.change('revocation', id);
}

async function record(unit: Unit, target: Target, reason: string): Promise<RevocationView> {
  const { kind, subject, expiresAt, clientId } = target;
  if (kind === 'client' && !(await unit.stores.clients.get(subject))) throw notFound('client');
  if (clientId !== null) await requirePowerOver(unit.stores, unit.caller, clientId);
  const createdBy = unit.caller.origin.actor.id;
  const revocation = { kind, subject, revokedAt: unit.now, expiresAt, reason, createdBy };
  const view = revocationView(await unit.stores.revocations.put(revocation));
  unit.change('revocation', view.id);
  const type = kind === 'client' ? 'client.tokens_revoked' : 'token.revoked';
  unit.audit(type, kind, subject, { clientId, reason: reason === '' ? null : reason, after: view });
  return view;
}

/** What can only be read. */
export class Records {
  readonly #parts: AdministrationParts;

  constructor(parts: AdministrationParts) {
    this.#parts = parts;
  }

  async keys(): Promise<Page<KeyView>> {
    return { items: (await this.#parts.durable.stores.signingKeys.list()).map(keyView), nextCursor: null };
  }

  async audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditView>> {
    const found = await this.#parts.durable.stores.audit.list(filter, page.cursor, page.limit);
    return { items: found.items.map(auditView), nextCursor: found.next ?? null };
  }
}

/**
 * The live revocations in this node's memory, so that introspection asks no store. It holds no more than what was
 * revoked within the longest token life; expired entries leave by themselves.
 */
import type { RevocationStore } from './ports.js';
import type { Revocation, RevocationKind } from './types.js';

/** What is known of a token when it is held against the book. */
export interface RevocableToken {
  readonly jti: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly clientId: string;
  /** The key that signed it; null for an opaque token. */
  readonly kid: string | null;
}

export class RevocationBook {
  readonly #store: RevocationStore;
  readonly #entries: Record<RevocationKind, Map<string, Revocation>> = {
    token: new Map(),
    client: new Map(),
    key: new Map(),
  };

  constructor(store: RevocationStore) {
    this.#store = store;
  }

  /** Reads all live revocations; what was known stays until then. */
  async load(now: Date): Promise<void> {
    const live = await this.#store.live(now);
    for (const entries of Object.values(this.#entries)) entries.clear();
    for (const revocation of live) this.note(revocation);
  }

  /** Reads one again, by the `kind:subject` that the change feed carries. */
  async refresh(id: string): Promise<void> {
    const separator = id.indexOf(':');
    const kind = id.slice(0, separator) as RevocationKind;
    const revocation = await this.#store.get(kind, id.slice(separator + 1));
    if (revocation) this.note(revocation);
  }

  note(revocation: Revocation): void {
    this.#entries[revocation.kind].set(revocation.subject, revocation);
  }

  revokes(token: RevocableToken): boolean {
    if (this.#entries.token.has(token.jti)) return true;
    if (token.kid !== null && this.#entries.key.has(token.kid)) return true;
    const client = this.#entries.client.get(token.clientId);
    return client !== undefined && token.issuedAt <= client.revokedAt.getTime();
  }

  /** Drops what has expired; answers how many entries are left. */
  sweep(nowMs: number): number {
    let left = 0;
    for (const entries of Object.values(this.#entries)) {
      for (const [subject, { expiresAt }] of entries) {
        if (expiresAt.getTime() <= nowMs) entries.delete(subject);
      }
      left += entries.size;
    }
    return left;
  }
}

import type { Revocation, RevocationKind } from './types.js';

export interface RevocationStore {
  /** Inserts, or moves an existing one of the same (kind, subject) forward in time; the latest revokedAt and expiresAt win. */
  put(revocation: Revocation): Promise<Revocation>;
  get(kind: RevocationKind, subject: string): Promise<Revocation | undefined>;
  /** All that have not expired at `now`; loaded into memory by every node. */
  live(now: Date): Promise<Revocation[]>;
  /** Newest first; `after` is the cursor of the page before. */
  list(
    filter: { readonly kind?: RevocationKind; readonly subject?: string },
    after: string | undefined,
    limit: number,
  ): Promise<{ items: Revocation[]; next: string | undefined }>;
  /** Deletes up to `limit` expired rows; answers how many. */
  prune(now: Date, limit: number): Promise<number>;
}

import type { AuditEvent } from './types.js';

export interface AuditFilter {
  readonly type?: string;
  readonly actorId?: string;
  readonly subjectId?: string;
  readonly clientId?: string;
  readonly outcome?: 'success' | 'failure';
  readonly from?: Date;
  readonly to?: Date;
}

export interface AuditStore {
  /** Appends in one statement; events whose id is already recorded are passed over. */
  append(events: readonly AuditEvent[]): Promise<void>;
  /** Newest first; `after` is the opaque cursor of the page before. */
  list(
    filter: AuditFilter,
    after: string | undefined,
    limit: number,
  ): Promise<{ items: AuditEvent[]; next: string | undefined }>;
}

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

/** Where events wait while the audit store is away; survives the process. */
export interface AuditSpool {
  /** Writes a batch durably (synced to disk). @throws GatehouseError `temporarily_unavailable` when it is full or cannot be written. */
  write(events: readonly AuditEvent[]): Promise<void>;
  /** The oldest batch and how to drop it once it is recorded; undefined when nothing waits. */
  oldest(): Promise<{ readonly events: AuditEvent[]; drop(): Promise<void> } | undefined>;
  /** Bytes that wait. */
  bytes(): number;
}

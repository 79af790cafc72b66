/** The record of what happened: admin writes, security events, token issuance. Never holds a secret or a token. */

/** The closed set of event types. */
export const AUDIT_EVENT_TYPES = [
  'api.created',
  'api.updated',
  'api.deleted',
  'client.created',
  'client.updated',
  'client.deleted',
  'client.enabled',
  'client.disabled',
  'client.secret_created',
  'client.secret_expiry_changed',
  'client.secret_deleted',
  'client.authentication_failed',
  'client.authentication_limited',
  'grant.set',
  'grant.deleted',
  'key.created',
  'key.activated',
  'key.revoked',
  'token.issued',
  'token.refused',
  'token.replayed_proof',
  'token.revoked',
  'client.tokens_revoked',
  'configuration.applied',
  'admin.refused',
  'system.bootstrapped',
  'system.store_epoch_started',
] as const;
export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number];

export interface AuditActor {
  readonly type: 'client' | 'system' | 'anonymous';
  readonly id: string;
}

export type AuditData = Readonly<Record<string, unknown>>;

export interface AuditEvent {
  /** UUID; the same event recorded twice is one row. */
  readonly id: string;
  readonly at: Date;
  readonly type: AuditEventType;
  readonly outcome: 'success' | 'failure';
  readonly actor: AuditActor;
  readonly subject: { readonly type: string; readonly id: string };
  readonly clientId: string | null;
  readonly sourceIp: string | null;
  readonly requestId: string | null;
  readonly traceId: string | null;
  readonly reason: string | null;
  readonly before: AuditData | null;
  readonly after: AuditData | null;
}

/** Where a request came from; carried into every event that it causes. */
export interface Origin {
  readonly actor: AuditActor;
  readonly sourceIp: string | null;
  readonly requestId: string | null;
  readonly traceId: string | null;
}

CREATE TABLE audit_events (
  sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL UNIQUE,
  at timestamptz NOT NULL,
  type text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('success', 'failure')),
  actor_type text NOT NULL,
  actor_id text NOT NULL,
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  client_id text,
  source_ip text,
  request_id text,
  trace_id text,
  reason text,
  before jsonb,
  after jsonb
);
CREATE INDEX audit_events_client ON audit_events (client_id, sequence);
CREATE INDEX audit_events_subject ON audit_events (subject_id, sequence);
CREATE INDEX audit_events_type ON audit_events (type, sequence);

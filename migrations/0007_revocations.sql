CREATE TABLE revocations (
  kind text NOT NULL CHECK (kind IN ('token', 'client', 'key')),
  subject text COLLATE "C" NOT NULL,
  revoked_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  reason text NOT NULL,
  created_by text NOT NULL,
  PRIMARY KEY (kind, subject)
);
CREATE INDEX revocations_expiry ON revocations (expires_at);

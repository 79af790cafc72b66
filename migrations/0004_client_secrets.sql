CREATE TABLE client_secrets (
  id text COLLATE "C" PRIMARY KEY,
  client_id text COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  name text NOT NULL,
  scheme text NOT NULL CHECK (scheme IN ('hmac-sha256', 'argon2id')),
  hash bytea NOT NULL,
  pepper_id text,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by text NOT NULL,
  last_used_at timestamptz,
  last_used_from text
);
CREATE INDEX client_secrets_client ON client_secrets (client_id);

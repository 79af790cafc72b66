-- Keys that seal other secrets, each wrapped by the master key.
CREATE TABLE data_keys (
  id text COLLATE "C" PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('seal', 'pepper')),
  wrapped bytea NOT NULL,
  master_key_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE signing_keys (
  kid text COLLATE "C" PRIMARY KEY,
  alg text NOT NULL,
  phase text NOT NULL CHECK (phase IN ('next', 'active', 'retired', 'revoked')),
  public_jwk jsonb NOT NULL,
  -- AES-256-GCM; null once the private part is destroyed
  sealed_private bytea,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  activated_at timestamptz,
  revoked_at timestamptz
);

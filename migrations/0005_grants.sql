CREATE TABLE grants (
  client_id text COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  audience text COLLATE "C" NOT NULL REFERENCES apis (audience) ON DELETE CASCADE,
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (client_id, audience)
);
CREATE INDEX grants_audience ON grants (audience);

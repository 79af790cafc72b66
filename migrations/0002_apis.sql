CREATE TABLE apis (
  audience text COLLATE "C" PRIMARY KEY,
  description text NOT NULL,
  -- [{"name": "...", "description": "..."}]
  scopes jsonb NOT NULL,
  token_format text NOT NULL CHECK (token_format IN ('jwt', 'opaque')),
  token_ttl integer NOT NULL CHECK (token_ttl > 0),
  signing_alg text NOT NULL,
  token_binding text NOT NULL CHECK (token_binding IN ('none', 'dpop', 'mtls')),
  system boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

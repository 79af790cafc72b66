CREATE TABLE clients (
  id text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  description text NOT NULL,
  owner_contact text NOT NULL,
  type text NOT NULL,
  auth_methods text[] NOT NULL,
  grant_types text[] NOT NULL,
  redirect_uris text[] NOT NULL,
  post_logout_redirect_uris text[] NOT NULL,
  backchannel_logout_uri text,
  id_token_alg text,
  pkce text NOT NULL CHECK (pkce IN ('required', 'optional')),
  jwks jsonb,
  jwks_uri text,
  -- {"kind": "san_dns", "value": "..."}
  tls_subject jsonb,
  token_ttl integer CHECK (token_ttl > 0),
  allowed_networks text[] NOT NULL,
  enabled boolean NOT NULL,
  system boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL
);
-- Names are not unique; apply looks clients up by them.
CREATE INDEX clients_name ON clients (name);

CREATE TABLE client_serves (
  client_id text COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  audience text COLLATE "C" NOT NULL REFERENCES apis (audience) ON DELETE CASCADE,
  PRIMARY KEY (client_id, audience)
);
CREATE INDEX client_serves_audience ON client_serves (audience);

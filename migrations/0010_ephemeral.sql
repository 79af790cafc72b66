-- The ephemeral store of installations without Redis. UNLOGGED: a crash of the database empties it, by design.
CREATE UNLOGGED TABLE ephemeral (
  key text COLLATE "C" PRIMARY KEY,
  value bytea NOT NULL,
  count bigint NOT NULL DEFAULT 0,
  consumed boolean NOT NULL DEFAULT false,
  expires_at timestamptz NOT NULL
);
CREATE INDEX ephemeral_expiry ON ephemeral (expires_at);

-- When this store last came up empty: one row, lost together with the table above.
CREATE UNLOGGED TABLE ephemeral_epoch (
  id integer PRIMARY KEY CHECK (id = 1),
  started_at timestamptz NOT NULL
);

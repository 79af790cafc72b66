-- The feed by which every node learns what to look at again. Only serialised write transactions append, so that
-- positions are in commit order.
CREATE TABLE changes (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  id text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

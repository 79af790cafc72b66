-- Remembered answers to creates. The response is sealed under a key derived from the Idempotency-Key, which is not stored.
CREATE TABLE idempotency_keys (
  actor text COLLATE "C" NOT NULL,
  key_hash bytea NOT NULL,
  request_hash bytea NOT NULL,
  sealed_response bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (actor, key_hash)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

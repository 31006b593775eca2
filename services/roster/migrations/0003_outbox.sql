-- What messaging has still to be told: serialised chat.v1.Change without source and sequence.
CREATE TABLE roster.outbox (
  id bigserial PRIMARY KEY,
  key text NOT NULL,
  payload bytea NOT NULL
);
CREATE INDEX outbox_key ON roster.outbox (key, id);

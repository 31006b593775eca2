-- What chat-roster has still to be told: serialised chat.v1.PutAccountRequest. `version` of an
-- account rises with each.
CREATE TABLE profile.outbox (
  id bigserial PRIMARY KEY,
  key text NOT NULL,
  payload bytea NOT NULL
);
CREATE INDEX outbox_key ON profile.outbox (key, id);
ALTER TABLE profile.account ADD COLUMN version bigint NOT NULL DEFAULT 0;

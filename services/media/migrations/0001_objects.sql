-- Uploads and finished objects (PROTOCOL 1.8). The bytes are files named by id.
CREATE TABLE media.object (
  id          bigserial PRIMARY KEY,
  account_id  bigint NOT NULL,
  transfer_id bytea NOT NULL,          -- chosen by the client, unique per account
  size        bigint NOT NULL CHECK (size >= 0),
  stored      bigint NOT NULL DEFAULT 0 CHECK (stored BETWEEN 0 AND size),
  filename    bytea NOT NULL,          -- base name
  meta        bytea NOT NULL,          -- BERT term of the client; empty: none
  created     timestamptz NOT NULL DEFAULT now(),
  touched     timestamptz NOT NULL DEFAULT now(),
  finished    timestamptz,
  UNIQUE (account_id, transfer_id)
);
CREATE INDEX object_unfinished ON media.object (touched) WHERE finished IS NULL;

-- Declared bytes of an account's objects and uploads; its row is the lock under which they change.
CREATE TABLE media.usage (
  account_id bigint PRIMARY KEY,
  bytes      bigint NOT NULL DEFAULT 0
);

-- Objects of `upload` messages (PROTOCOL O24) beside those of ftp. Every object has a name that links carry; one
-- that was uploaded by a link has it as its transfer id too.
ALTER TABLE media.object
  ADD COLUMN name text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
  ADD COLUMN content_type text NOT NULL DEFAULT 'application/octet-stream',
  ADD COLUMN message_id bigint,               -- of the upload; NULL: came by ftp
  ADD COLUMN part integer,                    -- index among the message's files
  ADD COLUMN desc_id bytea,
  ADD COLUMN remote boolean NOT NULL DEFAULT false,  -- the bytes are in the S3 bucket
  ADD COLUMN sealed timestamptz;              -- completed: it never changes from then on
CREATE UNIQUE INDEX object_name ON media.object (name);
CREATE UNIQUE INDEX object_part ON media.object (message_id, part);
CREATE INDEX object_transfer ON media.object (transfer_id);
CREATE INDEX object_unsealed ON media.object (account_id, touched)
  WHERE message_id IS NOT NULL AND sealed IS NULL;

-- Secrets that all replicas share, made by the first one.
CREATE TABLE media.secret (
  name  text PRIMARY KEY,
  value bytea NOT NULL
);

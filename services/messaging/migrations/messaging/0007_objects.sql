-- Which objects of media stand in which message (PROTOCOL O16): written after the message is committed and before it
-- is answered, so that a repeat writes what a crash left out. The previous version writes none.
CREATE TABLE messaging.object_use (
  message_id bigint NOT NULL,
  object     bytea NOT NULL,             -- what its uploader calls it
  uploader   bigint NOT NULL,            -- account id of the message's author
  feed_id    bigint NOT NULL,
  PRIMARY KEY (message_id, object)
);
CREATE INDEX object_use_object ON messaging.object_use (uploader, object);

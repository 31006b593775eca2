-- Rooms (PROTOCOL 3.11). History hangs on id; name_id is what clients say. Rows are never deleted,
-- so that no room id is used twice (O15).
CREATE TABLE room.room (
  id      bigserial PRIMARY KEY,
  name_id bytea NOT NULL UNIQUE CHECK (octet_length(name_id) BETWEEN 1 AND 128),
  created timestamptz NOT NULL DEFAULT now(),
  deleted timestamptz
);

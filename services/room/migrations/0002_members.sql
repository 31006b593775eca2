-- Times are PostgreSQL's clock (O18), Unix milliseconds.
CREATE FUNCTION room.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
  AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';

-- What clients wrote, and what a change needs to know without counting. `content` is a serialised
-- chat.v1.Room of description, settings, data, tos and tos_update; `members` counts the admins too.
-- `version` tells messaging which of two changes is the newer; one is never given twice.
ALTER TABLE room.room
  ADD COLUMN version bigint NOT NULL DEFAULT 0,
  ADD COLUMN channel boolean NOT NULL DEFAULT false,
  ADD COLUMN name text NOT NULL DEFAULT '',
  ADD COLUMN name_folded text GENERATED ALWAYS AS (upper(name COLLATE "und-x-icu")) STORED,
  ADD COLUMN content bytea NOT NULL DEFAULT '',
  ADD COLUMN members bigint NOT NULL DEFAULT 0,
  ADD COLUMN admins bigint NOT NULL DEFAULT 0,
  ADD COLUMN update_ms bigint NOT NULL DEFAULT 0;
CREATE INDEX room_channel ON room.room (name_folded text_pattern_ops, id)
  WHERE channel AND deleted IS NULL;

-- Memberships; id is Member.id. `own` is a serialised chat.v1.Member of what the member wrote.
CREATE TABLE room.member (
  id bigserial PRIMARY KEY,
  room_id bigint NOT NULL REFERENCES room.room (id),
  roster_id bigint NOT NULL,
  account_id bigint NOT NULL,
  admin boolean NOT NULL DEFAULT false,
  silent boolean NOT NULL DEFAULT false,  -- may not write: Room/mute by an admin
  muted boolean NOT NULL DEFAULT false,   -- no push: Room/mute by the member
  own bytea NOT NULL DEFAULT '',
  update_ms bigint NOT NULL
);
CREATE UNIQUE INDEX member_roster ON room.member (roster_id, room_id);
CREATE UNIQUE INDEX member_room ON room.member (room_id, id);
CREATE INDEX member_account ON room.member (account_id, room_id);
CREATE INDEX member_admin ON room.member (room_id, id) WHERE admin;

-- Who may be neither added nor join.
CREATE TABLE room.ban (
  room_id bigint NOT NULL REFERENCES room.room (id),
  roster_id bigint NOT NULL,
  account_id bigint NOT NULL,
  PRIMARY KEY (room_id, roster_id)
);
CREATE INDEX ban_account ON room.ban (account_id, room_id);

-- The PUBLISH that made a change, so that its repetition is known (O3).
CREATE TABLE room.request (
  account_id bigint NOT NULL,
  packet text NOT NULL,
  epoch bigint NOT NULL,
  room_id bigint NOT NULL REFERENCES room.room (id),
  made_ms bigint NOT NULL,
  PRIMARY KEY (account_id, packet)
);
CREATE INDEX request_made ON room.request (made_ms);

-- What messaging has still to be told: serialised chat.v1.Change without source and sequence.
CREATE TABLE room.outbox (
  id bigserial PRIMARY KEY,
  key text NOT NULL,
  payload bytea NOT NULL
);
CREATE INDEX outbox_key ON room.outbox (key, id);

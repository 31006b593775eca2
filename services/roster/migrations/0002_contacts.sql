-- A friendship: what both sides share. Its lock makes the changes of a pair serial, its version
-- tells messaging which of two changes is the newer. Rows stay, so a version is never given twice.
CREATE TABLE roster.pair (
  low bigint NOT NULL REFERENCES roster.roster (id),
  high bigint NOT NULL REFERENCES roster.roster (id),
  version bigint NOT NULL DEFAULT 0,
  were_friends boolean NOT NULL DEFAULT false,
  -- The PUBLISH that made the last change, and how it was answered (PROTOCOL O3).
  last_packet text NOT NULL DEFAULT '',
  last_reply smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (low, high),
  CHECK (low < high)
);

-- One side's entry about the other. No row: the side does not know the other.
CREATE TABLE roster.contact (
  roster_id bigint NOT NULL REFERENCES roster.roster (id),
  peer_id bigint NOT NULL REFERENCES roster.roster (id),
  state text NOT NULL
    CHECK (state IN ('internal', 'request', 'authorization', 'friend', 'banned', 'ban')),
  listed boolean NOT NULL DEFAULT false,
  muted boolean NOT NULL DEFAULT false,
  update_ms bigint NOT NULL,
  PRIMARY KEY (roster_id, peer_id),
  CHECK (roster_id <> peer_id)
);
CREATE INDEX contact_peer ON roster.contact (peer_id);

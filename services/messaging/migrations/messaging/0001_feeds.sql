-- Feeds, what is in them, and the projection of rosters that they are rendered with.
-- Inside, identity is the account id and the roster id; phone ids are text of the projection only.

-- Every durable event takes its place from this one sequence, under the lock of its feed: within a
-- feed lock order = position order = commit order (delivery promise, part 1). CACHE 1: no session
-- may keep numbers back. Below 2^53, because ids travel to JavaScript clients (PROTOCOL 6).
CREATE SEQUENCE messaging.position AS bigint MINVALUE 1 MAXVALUE 9007199254740991 CACHE 1;

CREATE TABLE messaging.roster (
  roster_id  bigint PRIMARY KEY,
  account_id bigint NOT NULL,
  phone_id   text NOT NULL UNIQUE
);
CREATE INDEX roster_account ON messaging.roster (account_id);
CREATE INDEX roster_phone ON messaging.roster (split_part(phone_id, '_', 1));

CREATE TYPE messaging.feed_kind AS ENUM ('p2p', 'ses', 'room');

-- p2p: a, b are the smaller and the larger roster id (equal for the self feed). ses: a is the
-- account id, b is 0. room: a is the room's internal id, b is 0.
CREATE TABLE messaging.feed (
  id        bigserial PRIMARY KEY,
  kind      messaging.feed_kind NOT NULL,
  a         bigint NOT NULL,
  b         bigint NOT NULL,
  open      boolean NOT NULL,            -- may be written and is replayed
  version   bigint NOT NULL DEFAULT 0,   -- of the owner's last applied change
  opened_at bigint NOT NULL DEFAULT 0,   -- position of the last opening: replay starts above it (O9)
  top       bigint NOT NULL DEFAULT 0,   -- position of the last event
  last_id   bigint NOT NULL DEFAULT 0,   -- id of the last message
  UNIQUE (kind, a, b)
) WITH (fillfactor = 70);                -- top and last_id are in no index: updates stay on the page
CREATE INDEX feed_p2p_b ON messaging.feed (b) WHERE kind = 'p2p';

CREATE TABLE messaging.message (
  id           bigint PRIMARY KEY,       -- its first position
  feed_id      bigint NOT NULL,
  position     bigint NOT NULL,          -- its latest position
  previous     bigint NOT NULL,          -- position before `position` in the feed, 0 if none
  prev         bigint NOT NULL,          -- id of the message before it in the feed, 0 if none
  author       bigint NOT NULL,          -- roster id
  msg_id       bytea,                    -- the client's own id (PROTOCOL 4.5)
  dup_key      bytea,                    -- session, epoch, packet and hash, where there is no msg_id (O3)
  created_ms   bigint NOT NULL,
  committed_ms bigint NOT NULL,
  status       smallint NOT NULL,        -- chat.v1.Message.Status
  body         bytea NOT NULL            -- chat.v1.Message with what the author wrote
);
CREATE UNIQUE INDEX message_feed_id ON messaging.message (feed_id, id);
CREATE UNIQUE INDEX message_feed_position ON messaging.message (feed_id, position);
CREATE UNIQUE INDEX message_msg_id ON messaging.message (author, msg_id) WHERE msg_id IS NOT NULL;
CREATE INDEX message_dup_key ON messaging.message (author, dup_key) WHERE dup_key IS NOT NULL;
CREATE INDEX message_moved ON messaging.message (position) WHERE position <> id;

-- Durable events of `ses` feeds (O10).
CREATE TABLE messaging.notice (
  position        bigint PRIMARY KEY,
  feed_id         bigint NOT NULL,
  previous        bigint NOT NULL,
  committed_ms    bigint NOT NULL,
  rosters_changed boolean NOT NULL,
  record          bytea NOT NULL         -- chat.v1.Record
);
CREATE UNIQUE INDEX notice_feed_position ON messaging.notice (feed_id, position);

-- How far a roster has read a feed: a message id.
CREATE TABLE messaging.reader (
  feed_id   bigint NOT NULL,
  roster_id bigint NOT NULL,
  reader    bigint NOT NULL,
  PRIMARY KEY (feed_id, roster_id)
) WITH (fillfactor = 70);

-- Changes of other owners that have been applied; a second delivery finds its row here.
CREATE TABLE messaging.applied (
  source     text NOT NULL,
  sequence   bigint NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, sequence)
);
CREATE INDEX applied_at ON messaging.applied (applied_at);

-- A committed batch that Redis may not have taken yet: the events of `feeds` with positions from
-- low to high. Written in the batch's transaction, deleted once Redis has taken all of it; what
-- stays for a second is announced again by any replica (delivery promise, part 5).
CREATE TABLE messaging.announcement (
  id      bigserial PRIMARY KEY,
  low     bigint NOT NULL,
  high    bigint NOT NULL,
  feeds   bigint[] NOT NULL,
  claimed timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX announcement_low ON messaging.announcement (low);

-- Calls (PROTOCOL O26) and their records (5.8, O27). A feed is `p2p/<smaller roster id>/<larger>` or `room/<id>`.
CREATE TABLE media.cdr (
  seq        bigserial PRIMARY KEY,
  feed       text NOT NULL,
  id         text NOT NULL,
  account_id bigint NOT NULL,         -- of its `from`
  callee     bigint,                  -- the other side of a call that was followed here: reads it too
  record     bytea NOT NULL,          -- chat.v1.Cdr
  created    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (feed, id)
);
CREATE INDEX cdr_account ON media.cdr (account_id, seq);
CREATE INDEX cdr_callee ON media.cdr (callee, seq);

CREATE TABLE media.call (
  feed            text NOT NULL,
  id              text NOT NULL,
  type            integer NOT NULL,   -- chat.v1.CallType
  caller_account  bigint NOT NULL,
  caller_phone_id text NOT NULL,
  callee_account  bigint NOT NULL,
  callee_phone_id text NOT NULL,
  caller_client   bytea NOT NULL,
  callee_client   bytea NOT NULL DEFAULT '',  -- that answered
  offered_ms      bigint NOT NULL,
  answered_ms     bigint NOT NULL DEFAULT 0,
  ended_ms        bigint NOT NULL DEFAULT 0,
  deadline_ms     bigint NOT NULL,    -- when it ends by itself
  PRIMARY KEY (feed, id)
);
CREATE INDEX call_deadline ON media.call (deadline_ms) WHERE ended_ms = 0;
CREATE INDEX call_caller ON media.call (caller_account) WHERE ended_ms = 0;
CREATE INDEX call_ended ON media.call (ended_ms) WHERE ended_ms <> 0;

-- What messaging has still to be told: serialised chat.v1.Change without source and sequence.
CREATE TABLE media.outbox (
  id bigserial PRIMARY KEY,
  key text NOT NULL,
  payload bytea NOT NULL
);
CREATE INDEX outbox_key ON media.outbox (key, id);

-- Open topics (PROTOCOL 1.10): one log, whose row lock gives the order; retained messages; which
-- group of a shared subscription took what; wills that outlive their gateway.
CREATE TABLE delivery.open_top (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  position bigint NOT NULL
);
INSERT INTO delivery.open_top (position) VALUES (0);

CREATE TABLE delivery.open_message (
  position      bigint PRIMARY KEY,   -- 1, 2, 3 …
  topic         bytea NOT NULL,
  payload       bytea NOT NULL,
  qos           bigint NOT NULL,
  retain        boolean NOT NULL,
  properties    bytea NOT NULL,       -- of MQTT 5.0, as they are passed on
  expires_at_ms bigint NOT NULL,      -- Unix time, 0: never
  client_id     bytea NOT NULL        -- of the publisher
);

CREATE TABLE delivery.open_retained (
  topic         bytea PRIMARY KEY,
  position      bigint NOT NULL,
  payload       bytea NOT NULL,
  qos           bigint NOT NULL,
  properties    bytea NOT NULL,
  expires_at_ms bigint NOT NULL,
  client_id     bytea NOT NULL
);

CREATE TABLE delivery.open_claim (
  message    bigint NOT NULL,         -- position, or the negative name of a message without one
  share      text NOT NULL,           -- name and filter of the group
  claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (message, share)
);
CREATE INDEX open_claim_at ON delivery.open_claim (claimed_at);

CREATE TABLE delivery.gateway (
  address text PRIMARY KEY,
  seen_at timestamptz NOT NULL
);

CREATE TABLE delivery.stored_will (
  session_id bigint PRIMARY KEY,
  epoch      bigint NOT NULL,
  gateway    text NOT NULL,           -- holds the connection
  delay_s    bigint NOT NULL,
  due_at     timestamptz,             -- null while the connection is open
  will       bytea NOT NULL           -- chat.v1.StoredWill
);
CREATE INDEX stored_will_due ON delivery.stored_will (due_at);

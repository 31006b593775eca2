-- Anonymous tokens of the INIT exchange (PROTOCOL 1.7): one at most for each client id.
CREATE TABLE auth.init_token (
  client_id bytea PRIMARY KEY,
  hash bytea NOT NULL UNIQUE,
  expires timestamptz NOT NULL
);
CREATE INDEX init_token_expires ON auth.init_token (expires);

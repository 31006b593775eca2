-- An account and its profile (PROTOCOL 3.5). The id never changes; the phone may. `services` and
-- `settings` are a serialised chat.v1.Profile with that field only: lists that are read and replaced
-- whole and whose members are bytes of the client's choice.
CREATE TABLE profile.account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  phone text NOT NULL UNIQUE,
  created timestamptz NOT NULL DEFAULT now(),
  updated timestamptz NOT NULL DEFAULT now(),
  balance bigint NOT NULL DEFAULT 0,
  services bytea NOT NULL DEFAULT '',
  settings bytea NOT NULL DEFAULT ''
);

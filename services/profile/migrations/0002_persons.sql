-- The private Person of an account (PROTOCOL 3.4): a serialised chat.v1.Person with the fields that
-- its owner has written. No row: nothing written yet.
CREATE TABLE profile.person (
  account_id bigint PRIMARY KEY REFERENCES profile.account ON DELETE CASCADE,
  fields bytea NOT NULL
);

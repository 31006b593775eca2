-- What profile tells of accounts (RosterInternal.PutAccount), also of one that has no roster here yet.
CREATE TABLE roster.findable (
  account_id bigint PRIMARY KEY,
  version bigint NOT NULL,   -- of profile's last change that was applied
  search smallint NOT NULL   -- chat.v1.PutAccountRequest.Search: who finds the account (PROTOCOL O17)
);
CREATE TABLE roster.verified_email (
  address text NOT NULL,     -- in lower case
  account_id bigint NOT NULL,
  PRIMARY KEY (address, account_id)
);
CREATE INDEX verified_email_account ON roster.verified_email (account_id);

-- The pairs of a roster that goes, or is renamed, from either side.
CREATE INDEX pair_high ON roster.pair (high);

-- Accounts that were removed (phone NULL) or got another phone: a verification that is under way
-- meanwhile must not bring the old one back. Rows go after a day.
CREATE TABLE auth.account (
  id bigint PRIMARY KEY,
  phone text,
  changed timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX account_changed ON auth.account (changed);
CREATE INDEX pending_phone ON auth.pending (phone);

-- Accounts as far as roster knows them: whose rosters these are, and the account's phone, which is
-- rendered into phone ids. A phone migration changes one row here.
CREATE FUNCTION roster.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
  AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';

CREATE TABLE roster.account (
  id bigint PRIMARY KEY,
  phone text NOT NULL,
  -- Friend/request, counted per day (UTC).
  requests_day date,
  requests bigint NOT NULL DEFAULT 0
);

CREATE TABLE roster.roster (
  id bigserial PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES roster.account (id),
  names text,
  surnames text,
  email text,
  nick text,
  nick_folded text,
  avatar text,
  update_ms bigint NOT NULL,
  CHECK ((nick IS NULL) = (nick_folded IS NULL))
);
CREATE INDEX roster_account ON roster.roster (account_id, id);
CREATE UNIQUE INDEX roster_nick ON roster.roster (nick_folded);

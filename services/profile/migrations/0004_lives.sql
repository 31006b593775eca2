-- Set while an account is being removed: when somebody last began to carry it on. Its row goes last.
ALTER TABLE profile.account ADD COLUMN removing timestamptz;
CREATE INDEX account_removing ON profile.account (removing) WHERE removing IS NOT NULL;

-- Phones that accounts want to move to (PROTOCOL 5.3); the code is salted and hashed. A row that has
-- moved stays for the repetition of the request.
CREATE TABLE profile.move (
  account_id bigint PRIMARY KEY REFERENCES profile.account ON DELETE CASCADE,
  phone text NOT NULL,
  code bytea NOT NULL,
  made timestamptz NOT NULL DEFAULT now(),
  wrong integer NOT NULL DEFAULT 0,
  moved boolean NOT NULL DEFAULT false
);
CREATE INDEX move_made ON profile.move (made);

-- Accounts whose new phone the other services have yet to be told, and when somebody last began.
CREATE TABLE profile.rename (
  account_id bigint PRIMARY KEY REFERENCES profile.account ON DELETE CASCADE,
  begun timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rename_begun ON profile.rename (begun);

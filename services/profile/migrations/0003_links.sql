-- E-mail addresses that wait for their code (PROTOCOL 5.3), folded; the code is salted and hashed.
CREATE TABLE profile.link (
  account_id bigint NOT NULL REFERENCES profile.account ON DELETE CASCADE,
  address text NOT NULL,
  code bytea NOT NULL,
  made timestamptz NOT NULL DEFAULT now(),
  wrong integer NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, address)
);
CREATE INDEX link_made ON profile.link (made);

-- One row for each code that an account had sent: what the limits count. `target` is the folded
-- address or the phone.
CREATE TABLE profile.code_sent (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  target text NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX code_sent_account ON profile.code_sent (account_id, sent_at);
CREATE INDEX code_sent_target ON profile.code_sent (target, sent_at);
CREATE INDEX code_sent_at ON profile.code_sent (sent_at);

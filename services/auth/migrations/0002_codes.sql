-- Registrations that wait for their code, by the registering client id (PROTOCOL 5.1). A verified row
-- stays for the repetition of O12.
CREATE TABLE auth.pending (
  client_id bytea PRIMARY KEY,
  phone text NOT NULL,
  dev_key bytea NOT NULL,
  os text NOT NULL,
  jwt boolean NOT NULL,
  code text NOT NULL,
  code_at timestamptz NOT NULL DEFAULT now(),
  wrong integer NOT NULL DEFAULT 0,
  verified_at timestamptz,
  session_id bigint REFERENCES auth.session ON DELETE CASCADE
);
CREATE INDEX pending_code_at ON auth.pending (code_at);
CREATE INDEX pending_session ON auth.pending (session_id) WHERE session_id IS NOT NULL;

-- One row for each code handed out: what the limits of O17 count.
CREATE TABLE auth.code_sent (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  phone text NOT NULL,
  address text NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX code_sent_phone ON auth.code_sent (phone, sent_at);
CREATE INDEX code_sent_address ON auth.code_sent (address, sent_at);
CREATE INDEX code_sent_at ON auth.code_sent (sent_at);

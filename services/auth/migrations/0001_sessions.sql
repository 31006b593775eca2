-- A device session ("Auth row") and its tokens. Client ids, device keys and push tokens are bytes of
-- the client's choice; a token itself is nowhere, only its SHA-256.
CREATE TABLE auth.session (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  client_id bytea NOT NULL UNIQUE,
  account_id bigint NOT NULL,
  phone text NOT NULL,
  dev_key bytea NOT NULL DEFAULT '',
  os text NOT NULL DEFAULT '',
  push bytea,
  created timestamptz NOT NULL DEFAULT now(),
  last_online timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX session_account ON auth.session (account_id);
CREATE INDEX session_push ON auth.session (sha256(push)) WHERE push IS NOT NULL;
CREATE INDEX session_last_online ON auth.session (last_online);

-- A session has several while a renewed token has not been used yet; ids tell older from newer.
CREATE TABLE auth.token (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id bigint NOT NULL REFERENCES auth.session ON DELETE CASCADE,
  hash bytea NOT NULL UNIQUE,
  expires timestamptz NOT NULL
);
CREATE INDEX token_session ON auth.token (session_id, id);
CREATE INDEX token_expires ON auth.token (expires);

-- Tags and stars of a roster (PROTOCOL 5.8). A star's tags are ids of the same roster's tags; a tag
-- that goes is taken out of them.
CREATE TABLE roster.tag (
  id bigserial PRIMARY KEY,
  roster_id bigint NOT NULL REFERENCES roster.roster (id) ON DELETE CASCADE,
  name text NOT NULL,
  color text,
  UNIQUE (roster_id, name)
);
CREATE TABLE roster.star (
  roster_id bigint NOT NULL REFERENCES roster.roster (id) ON DELETE CASCADE,
  message_id bigint NOT NULL,   -- messaging's
  tags bigint[] NOT NULL,
  PRIMARY KEY (roster_id, message_id)
);

-- The PUBLISH that made a further roster (PROTOCOL O3): its repetition makes none.
ALTER TABLE roster.roster ADD COLUMN made_by text NOT NULL DEFAULT '';

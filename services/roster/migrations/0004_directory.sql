-- The directory that Search looks into. Names are compared without case: folded by PostgreSQL, so
-- that rows which exist and rows that the previous version still writes are folded as well.
CREATE INDEX account_phone ON roster.account (phone);

ALTER TABLE roster.roster
  ADD COLUMN names_folded text
    GENERATED ALWAYS AS (upper(names COLLATE "und-x-icu")) STORED,
  ADD COLUMN surnames_folded text
    GENERATED ALWAYS AS (upper(surnames COLLATE "und-x-icu")) STORED;
CREATE INDEX roster_names ON roster.roster (names_folded text_pattern_ops, id);
CREATE INDEX roster_surnames ON roster.roster (surnames_folded text_pattern_ops, id);

-- Search requests and the values in them, counted per day (UTC).
ALTER TABLE roster.account
  ADD COLUMN searches_day date,
  ADD COLUMN searches bigint NOT NULL DEFAULT 0,
  ADD COLUMN searched_values bigint NOT NULL DEFAULT 0;

-- Read receipts (PROTOCOL O25): what a reader's mark has told the authors, and when it moved.
ALTER TABLE messaging.reader
  ADD COLUMN marked  bigint NOT NULL DEFAULT 0,  -- a position drawn when it last rose
  ADD COLUMN told    bigint NOT NULL DEFAULT 0,  -- the mark that the authors were told last
  ADD COLUMN told_ms bigint NOT NULL DEFAULT 0;

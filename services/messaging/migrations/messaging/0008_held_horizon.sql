-- A message that changes before Redis has taken it leaves its old position empty: a session whose
-- cursor rose over that one would take the change for an edit of something it has (O2). So the
-- announcement of such a change keeps the published horizon below the message's first position. The
-- previous version does not look at `held`: with it a session may see such an edit too early.
ALTER TABLE messaging.announcement
  ADD COLUMN held bigint;  -- null: the horizon stays below `low` only
CREATE INDEX announcement_held ON messaging.announcement (held) WHERE held IS NOT NULL;

CREATE OR REPLACE FUNCTION messaging.change(
  of_feed bigint, of_message bigint, old_position bigint, new_status smallint, is_edit boolean,
  new_body bytea, published bigint[])
RETURNS TABLE (outcome text, "position" bigint, previous bigint, committed_ms bigint,
               announcement bigint)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  held messaging.feed%ROWTYPE;
  drawn bigint;
  now_ms bigint;
  announced bigint;
BEGIN
  DELETE FROM messaging.announcement d WHERE d.id IN (
    SELECT s.id FROM messaging.announcement s WHERE s.id = ANY (published)
    FOR UPDATE SKIP LOCKED);

  SELECT f.* INTO held FROM messaging.feed f WHERE f.id = of_feed FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'retry', 0::bigint, 0::bigint, 0::bigint, 0::bigint;
    RETURN;
  ELSIF NOT held.open THEN
    RETURN QUERY SELECT 'denied', 0::bigint, 0::bigint, 0::bigint, 0::bigint;
    RETURN;
  END IF;

  drawn := nextval('messaging.position');
  now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
  UPDATE messaging.message m
  SET position = drawn, previous = held.top, committed_ms = now_ms, status = new_status,
      edited = is_edit, body = new_body
  WHERE m.id = of_message AND m.feed_id = of_feed AND m.position = old_position;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'stale', 0::bigint, 0::bigint, 0::bigint, 0::bigint;
    RETURN;
  END IF;
  UPDATE messaging.feed f SET top = drawn WHERE f.id = of_feed;
  INSERT INTO messaging.announcement AS a (low, high, feeds, held)
  SELECT drawn, drawn, ARRAY[of_feed],
         CASE WHEN EXISTS (
           SELECT FROM messaging.announcement s
           WHERE of_feed = ANY (s.feeds)
             AND (of_message BETWEEN s.low AND s.high OR s.held = of_message)) THEN of_message END
  RETURNING a.id INTO announced;
  RETURN QUERY SELECT 'changed', drawn, held.top, now_ms, announced;
END
$$;

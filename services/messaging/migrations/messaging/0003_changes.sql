-- Messages that are edited or removed after they were sent (PROTOCOL 5.6.3).
ALTER TABLE messaging.message
  ADD COLUMN edited boolean NOT NULL DEFAULT false;  -- its latest event is an edit or a removal

-- Removed by one half for itself: not shown to that roster any more.
CREATE TABLE messaging.hidden (
  message_id bigint NOT NULL,
  roster_id  bigint NOT NULL,
  PRIMARY KEY (message_id, roster_id)
);

-- Gives a stored message a new state and a new position, under the lock of its feed, in one
-- statement as append() does; `published` as there. The outcome:
--   changed  `position` is its place now
--   stale    the message has moved since it was read at `old_position`
--   denied   the feed is closed
--   retry    somebody else holds the feed's lock; nothing was judged
CREATE FUNCTION messaging.change(
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
  INSERT INTO messaging.announcement AS a (low, high, feeds)
  VALUES (drawn, drawn, ARRAY[of_feed]) RETURNING a.id INTO announced;
  RETURN QUERY SELECT 'changed', drawn, held.top, now_ms, announced;
END
$$;

-- Group commit (delivery promise, part 2): one call stores a whole batch of sends. The arrays are
-- parallel, one element a send, in arrival order. A row comes back for each, in the same order:
--   stored  it has its position, which is its id
--   repeat  `id` is the message that this author stored before under the same msg_id, or that the
--           same PUBLISH stored before (O3); nothing was stored
--   denied  the author is not of the account, or there is no open feed between author and peer
--   retry   somebody else holds the feed's lock; nothing was judged
-- `announcement` is the row to delete once Redis has taken the events of the batch; `published` are
-- such rows of earlier batches.
--
-- READ COMMITTED gives each statement of a volatile function its own snapshot: the second one
-- sees all that earlier holders of the locks have committed.
CREATE FUNCTION messaging.append(
  accounts bigint[], authors bigint[], peers text[], msg_ids bytea[], dup_keys bytea[],
  dup_finds bytea[], dup_befores bytea[], createds bigint[], bodies bytea[], published bigint[])
RETURNS TABLE (
  outcome text, id bigint, previous bigint, prev bigint, created_ms bigint, committed_ms bigint,
  feed_id bigint, author_phone_id text, peer_phone_id text, peer_account bigint,
  announcement bigint)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  locked bigint[];
  now_ms bigint;
BEGIN
  DELETE FROM messaging.announcement d WHERE d.id IN (
    SELECT s.id FROM messaging.announcement s WHERE s.id = ANY (published)
    FOR UPDATE SKIP LOCKED);

  SELECT array_agg(l.id) INTO locked FROM (
    SELECT f.id
    FROM (SELECT DISTINCT least(i.author, p.roster_id) AS a, greatest(i.author, p.roster_id) AS b
          FROM unnest(authors, peers) AS i (author, peer)
          JOIN messaging.roster p ON p.phone_id = i.peer) k
    JOIN messaging.feed f ON f.kind = 'p2p' AND f.a = k.a AND f.b = k.b
    ORDER BY f.id
    FOR UPDATE OF f SKIP LOCKED) l;
  now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;

  RETURN QUERY
  WITH item AS (
    SELECT i.*, own.phone_id AS author_phone_id, peer.phone_id AS peer_phone_id,
           peer.account_id AS peer_account, f.id AS feed_id, f.open, f.top, f.last_id,
           coalesce(f.id = ANY (locked), false) AS is_locked,
           coalesce(same.id, again.id) AS repeated
    FROM unnest(accounts, authors, peers, msg_ids, dup_keys, dup_finds, dup_befores, createds,
                bodies)
         WITH ORDINALITY AS i (account, author, peer, msg_id, dup_key, dup_find, dup_before,
                               created, body, ord)
    LEFT JOIN LATERAL (
      SELECT r.phone_id FROM messaging.roster r
      WHERE r.roster_id = i.author AND r.account_id = i.account LIMIT 1) own ON true
    LEFT JOIN LATERAL (
      SELECT r.roster_id, r.phone_id, r.account_id FROM messaging.roster r
      WHERE r.phone_id = i.peer LIMIT 1) peer ON true
    LEFT JOIN LATERAL (
      SELECT g.id, g.open, g.top, g.last_id FROM messaging.feed g
      WHERE g.kind = 'p2p' AND g.a = least(i.author, peer.roster_id)
        AND g.b = greatest(i.author, peer.roster_id) LIMIT 1) f ON peer.roster_id IS NOT NULL
    LEFT JOIN LATERAL (
      SELECT m.id FROM messaging.message m
      WHERE m.author = i.author AND m.msg_id = i.msg_id LIMIT 1) same ON i.msg_id IS NOT NULL
    LEFT JOIN LATERAL (
      SELECT m.id FROM messaging.message m
      WHERE m.author = i.author AND m.dup_key IN (i.dup_find, i.dup_before) LIMIT 1) again
      ON i.dup_find IS NOT NULL
  ), judged AS (
    SELECT item.*,
           CASE WHEN item.author_phone_id IS NULL THEN 'denied'
                WHEN item.repeated IS NOT NULL THEN 'repeat'
                WHEN item.feed_id IS NULL THEN 'denied'
                WHEN NOT item.is_locked THEN 'retry'
                WHEN NOT item.open THEN 'denied'
                ELSE 'stored' END AS outcome
    FROM item ORDER BY item.ord OFFSET 0
  ), placed AS (
    SELECT judged.*,
           CASE WHEN judged.outcome = 'stored' THEN nextval('messaging.position') END AS position
    FROM judged
  ), chained AS (
    SELECT placed.*,
           coalesce(lag(placed.position) OVER in_feed, placed.top) AS previous,
           coalesce(lag(placed.position) OVER in_feed, placed.last_id) AS prev,
           least(coalesce(placed.created, now_ms), now_ms + 300000) AS created_ms
    FROM placed
    WINDOW in_feed AS (PARTITION BY placed.feed_id, placed.outcome ORDER BY placed.ord)
  ), inserted AS (
    INSERT INTO messaging.message (id, feed_id, position, previous, prev, author, msg_id, dup_key,
                                   created_ms, committed_ms, status, body)
    SELECT c.position, c.feed_id, c.position, c.previous, c.prev, c.author, c.msg_id, c.dup_key,
           c.created_ms, now_ms, 5, c.body
    FROM chained c WHERE c.outcome = 'stored'
  ), raised AS (
    UPDATE messaging.feed f SET top = t.top, last_id = t.top
    FROM (SELECT c.feed_id, max(c.position) AS top FROM chained c
          WHERE c.outcome = 'stored' GROUP BY c.feed_id) t
    WHERE f.id = t.feed_id
  ), announced AS (
    INSERT INTO messaging.announcement (low, high, feeds)
    SELECT min(c.position), max(c.position), array_agg(DISTINCT c.feed_id) FROM chained c
    WHERE c.outcome = 'stored' HAVING count(*) > 0
    RETURNING id
  )
  SELECT c.outcome, coalesce(c.position, c.repeated), c.previous, c.prev, c.created_ms, now_ms,
         c.feed_id, c.author_phone_id, c.peer_phone_id, c.peer_account,
         (SELECT a.id FROM announced a)
  FROM chained c ORDER BY c.ord;
END
$$;

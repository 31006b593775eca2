-- Rooms (PROTOCOL 5.7): messaging's projection of them, and sends that are judged by it.

-- `room.room` owns rooms; a name is never used twice (O15), so it finds at most one feed for ever.
CREATE TABLE messaging.room (
  feed_id         bigint PRIMARY KEY,
  name_id         text NOT NULL UNIQUE,
  channel         boolean NOT NULL,      -- only admins may write
  members_version bigint NOT NULL        -- version of the last change that gave or took the room
);

CREATE TABLE messaging.room_member (
  feed_id    bigint NOT NULL,
  roster_id  bigint NOT NULL,
  account_id bigint NOT NULL,
  admin      boolean NOT NULL,
  silent     boolean NOT NULL,           -- may not write
  since      bigint NOT NULL,            -- position of the gain: replay starts above it (O9)
  PRIMARY KEY (feed_id, roster_id)
);
CREATE INDEX room_member_account ON messaging.room_member (account_id, feed_id);
CREATE INDEX room_member_roster ON messaging.room_member (roster_id);

DROP FUNCTION messaging.append_links;
DROP FUNCTION messaging.append;

-- Group commit (delivery promise, part 2): one call stores a whole batch of sends. The arrays are
-- parallel, one element a send, in arrival order; a peer is a phone id or the name of a room. A row
-- comes back for each, in the same order:
--   stored  it has its position, which is its id
--   repeat  `id` is the message that this author stored before under the same msg_id, or that the
--           same PUBLISH stored before (O3); nothing was stored
--   denied  the author is not of the account, there is no open feed between author and peer, or the
--           author may not write in the room
--   retry   somebody else holds the feed's lock; nothing was judged
-- `announcement` is the row to delete once Redis has taken the events of the batch; `published` are
-- such rows of earlier batches. `members_version` is null for a p2p feed.
--
-- READ COMMITTED gives each statement of a volatile function its own snapshot: the second one
-- sees all that earlier holders of the locks have committed.
CREATE FUNCTION messaging.append(
  accounts bigint[], authors bigint[], peers text[], msg_ids bytea[], dup_keys bytea[],
  dup_finds bytea[], dup_befores bytea[], createds bigint[], bodies bytea[], published bigint[],
  new_status smallint)
RETURNS TABLE (
  outcome text, id bigint, previous bigint, prev bigint, created_ms bigint, committed_ms bigint,
  feed_id bigint, author_phone_id text, peer_text text, peer_account bigint,
  members_version bigint, announcement bigint)
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
    FROM (SELECT g.id
          FROM (SELECT DISTINCT least(i.author, p.roster_id) AS a,
                       greatest(i.author, p.roster_id) AS b
                FROM unnest(authors, peers) AS i (author, peer)
                JOIN messaging.roster p ON p.phone_id = i.peer) k
          JOIN messaging.feed g ON g.kind = 'p2p' AND g.a = k.a AND g.b = k.b
          UNION
          SELECT r.feed_id FROM unnest(peers) AS i (peer)
          JOIN messaging.room r ON r.name_id = i.peer) wanted
    JOIN messaging.feed f ON f.id = wanted.id
    ORDER BY f.id
    FOR UPDATE OF f SKIP LOCKED) l;
  now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;

  RETURN QUERY
  WITH item AS (
    SELECT i.*, own.phone_id AS author_phone_id, peer.account_id AS peer_account,
           coalesce(peer.phone_id, room.name_id) AS peer_text, room.members_version,
           f.id AS feed_id, f.top, f.last_id, f.open AND (room.feed_id IS NULL OR room.may_write)
             AS writable,
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
      SELECT r.feed_id, r.name_id, r.members_version,
             coalesce((SELECT NOT b.silent AND (b.admin OR NOT r.channel)
                       FROM messaging.room_member b
                       WHERE b.feed_id = r.feed_id AND b.roster_id = i.author), false) AS may_write
      FROM messaging.room r WHERE r.name_id = i.peer LIMIT 1) room ON peer.roster_id IS NULL
    LEFT JOIN LATERAL (
      (SELECT g.id, g.open, g.top, g.last_id FROM messaging.feed g
       WHERE peer.roster_id IS NOT NULL AND g.kind = 'p2p' AND g.a = least(i.author, peer.roster_id)
         AND g.b = greatest(i.author, peer.roster_id) LIMIT 1)
      UNION ALL
      (SELECT g.id, g.open, g.top, g.last_id FROM messaging.feed g
       WHERE g.id = room.feed_id)) f ON true
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
                WHEN NOT item.writable THEN 'denied'
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
           c.created_ms, now_ms, new_status, c.body
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
         c.feed_id, c.author_phone_id, c.peer_text, c.peer_account, c.members_version,
         (SELECT a.id FROM announced a)
  FROM chained c ORDER BY c.ord;
END
$$;

-- The feeds whose events reach an account and that moved above a position: open p2p feeds of its rosters, its self feeds, its rooms,
-- its `ses` feed. A closed feed is not replayed, a reopened one from where it was opened, a room from where the account's first roster
-- in it came (O9): `above`. Planned as part of the statement that asks.
CREATE FUNCTION messaging.moved_feeds(of_account bigint, low bigint) RETURNS TABLE (id bigint, above bigint)
LANGUAGE sql STABLE AS $$
  SELECT g.id, greatest(low, g.opened_at)
  FROM messaging.feed g JOIN messaging.roster r ON g.a = r.roster_id
  WHERE g.kind = 'p2p' AND r.account_id = of_account AND g.open AND g.top > low
  UNION SELECT g.id, greatest(low, g.opened_at)
  FROM messaging.feed g JOIN messaging.roster r ON g.b = r.roster_id
  WHERE g.kind = 'p2p' AND r.account_id = of_account AND g.open AND g.top > low
  UNION SELECT g.id, greatest(low, min(b.since))
  FROM messaging.feed g JOIN messaging.room_member b ON b.feed_id = g.id
  WHERE b.account_id = of_account AND g.top > low GROUP BY g.id
  UNION SELECT g.id, low
  FROM messaging.feed g WHERE g.kind = 'ses' AND g.a = of_account AND g.b = 0 AND g.top > low
$$;

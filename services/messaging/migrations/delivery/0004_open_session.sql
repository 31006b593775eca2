-- CONNECT in one round trip: the session with a new epoch, where a new state starts, and the wills. Its predecessor of nine
-- arguments stays for replicas of the version before; what it says of the epoch holds here.
CREATE FUNCTION delivery.open_session(
  of_account bigint, of_client bytea, clean boolean, life_s bigint, at_gateway text, of_auth bigint,
  grace_s bigint, fresh_position bigint, new_will bytea, new_will_delay_s bigint)
RETURNS TABLE (id bigint, epoch bigint, present boolean, cursor_position bigint,
               cursor_above bigint[], state bytea, previous_gateway text, previous_epoch bigint,
               sent_until_ms bigint, fresh_above bigint[], older_will bytea)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  old delivery.session%ROWTYPE;
  held_by text;
  keep boolean;
  above bigint[];
  seen timestamptz;
  left_will bytea;
BEGIN
  INSERT INTO delivery.session AS s (account_id, client_id, epoch, gateway, auth_id, connected,
                                     expiry_s, expires_at, cursor_position, cursor_above,
                                     state)
  VALUES (of_account, of_client, 0, '', of_auth, false, 0, '-infinity', 0, '{}', '')
  ON CONFLICT (account_id, client_id) DO UPDATE SET epoch = s.epoch
  RETURNING * INTO old;
  held_by := CASE WHEN old.connected THEN old.gateway ELSE '' END;
  keep := NOT clean AND old.expiry_s > 0 AND (old.connected OR old.expires_at > clock_timestamp());

  -- What a new session must not get although it is above `fresh_position`, at most 10 000: over that it gets some of it.
  -- A session that goes on needs it only if its older connection may yet say that it has ended.
  IF NOT keep OR held_by <> '' THEN
    above := (
      SELECT coalesce(array_agg(e.position ORDER BY e.position), '{}')
      FROM (SELECT p.position
            FROM messaging.moved_feeds(of_account, fresh_position) f
            CROSS JOIN LATERAL (
              SELECT m.position FROM messaging.message m WHERE m.feed_id = f.id AND m.position > f.above
              UNION ALL
              SELECT n.position FROM messaging.notice n WHERE n.feed_id = f.id AND n.position > f.above) p
            ORDER BY p.position LIMIT 10000) e);
  END IF;

  IF held_by <> '' THEN
    SELECT g.seen_at INTO seen FROM delivery.gateway g WHERE g.address = held_by;
  END IF;
  DELETE FROM delivery.stored_will w WHERE w.session_id = old.id RETURNING w.will INTO left_will;
  IF new_will IS NOT NULL THEN
    INSERT INTO delivery.stored_will (session_id, epoch, gateway, delay_s, will)
    VALUES (old.id, old.epoch + 1, at_gateway, new_will_delay_s, new_will);
  END IF;

  RETURN QUERY
  UPDATE delivery.session s SET
    epoch = old.epoch + 1, gateway = at_gateway, auth_id = of_auth, connected = true,
    expiry_s = life_s, expires_at = clock_timestamp() + make_interval(secs => life_s + grace_s),
    state = '',
    cursor_position = CASE WHEN keep THEN old.cursor_position ELSE fresh_position END,
    cursor_above = CASE WHEN keep THEN old.cursor_above ELSE above END
  WHERE s.id = old.id
  RETURNING s.id, s.epoch, keep, s.cursor_position, s.cursor_above,
            CASE WHEN keep THEN old.state ELSE ''::bytea END,
            held_by, CASE WHEN old.connected THEN old.epoch ELSE 0 END,
            -- Until when that gateway may have sent what was committed: it is heard of every second or so.
            CASE WHEN held_by <> '' THEN (extract(epoch FROM least(
              clock_timestamp(), seen + interval '5 seconds')) * 1000)::bigint END,
            above, left_will;
END
$$;

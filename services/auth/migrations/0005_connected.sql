-- CONNECT with a token: what it changes, in one round trip. False when the session has ended meanwhile.
CREATE FUNCTION auth.connected(of_session bigint, with_token bigint, new_hash bytea, new_life_s bigint)
RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  has_older boolean := EXISTS (
    SELECT 1 FROM auth.token t WHERE t.session_id = of_session AND t.id < with_token);
BEGIN
  -- Only last_online may be forgotten in a crash.
  IF NOT has_older AND new_hash IS NULL THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
  UPDATE auth.session s SET last_online = now() WHERE s.id = of_session;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF has_older THEN
    DELETE FROM auth.token t WHERE t.session_id = of_session AND t.id < with_token;
  END IF;
  IF new_hash IS NOT NULL THEN
    PERFORM auth.add_token(of_session, new_hash, new_life_s);
  END IF;
  RETURN true;
END
$$;

-- The oldest token is the one used last: using a token deletes what is older. Three newer ones may wait.
CREATE FUNCTION auth.add_token(of_session bigint, new_hash bytea, life_s bigint) RETURNS void
LANGUAGE sql VOLATILE AS $$
  INSERT INTO auth.token (session_id, hash, expires)
  VALUES (of_session, new_hash, now() + life_s * interval '1 second');
  DELETE FROM auth.token t WHERE t.session_id = of_session
    AND t.id > (SELECT min(o.id) FROM auth.token o WHERE o.session_id = of_session)
    AND t.id NOT IN (SELECT n.id FROM auth.token n WHERE n.session_id = of_session
                     ORDER BY n.id DESC LIMIT 3);
$$;

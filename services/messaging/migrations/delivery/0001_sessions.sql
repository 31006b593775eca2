-- MQTT sessions of authenticated connections: whose, held by which gateway in which epoch, and what
-- they have acknowledged.
CREATE TABLE delivery.session (
  id              bigserial PRIMARY KEY,
  account_id      bigint NOT NULL,
  client_id       bytea NOT NULL,
  epoch           bigint NOT NULL,       -- raised by each CONNECT; fences what older ones report
  gateway         text NOT NULL,
  auth_id         bigint NOT NULL,
  connected       boolean NOT NULL,
  expiry_s        bigint NOT NULL,       -- life after the connection ends
  expires_at      timestamptz NOT NULL,
  cursor_position bigint NOT NULL,       -- everything up to here is acknowledged
  cursor_above    bigint[] NOT NULL,     -- and these, all greater, ascending, at most 10 000
  state           bytea NOT NULL,        -- chat.v1.SessionState of an orderly end; given out once
  UNIQUE (account_id, client_id)
) WITH (fillfactor = 70);
CREATE INDEX session_expires ON delivery.session (expires_at);

-- Union of two true statements about what is acknowledged: positions above `low`, ascending.
-- Over the cap the highest are forgotten: they may be delivered again, none is lost.
CREATE FUNCTION delivery.merged(low bigint, one bigint[], other bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(s.p ORDER BY s.p), '{}')
  FROM (SELECT DISTINCT u.p FROM unnest(one || other) AS u (p) WHERE u.p > low
        ORDER BY u.p LIMIT 10000) s
$$;

-- CONNECT: raises the epoch in the statement that reads it (delivery promise, part 8). A new state
-- starts at the tops of the account's feeds (O9): `fresh_position` and `fresh_above`.
CREATE FUNCTION delivery.open_session(
  of_account bigint, of_client bytea, clean boolean, life_s bigint, at_gateway text, of_auth bigint,
  grace_s bigint, fresh_position bigint, fresh_above bigint[])
RETURNS TABLE (id bigint, epoch bigint, present boolean, cursor_position bigint,
               cursor_above bigint[], state bytea, previous_gateway text, previous_epoch bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  old delivery.session%ROWTYPE;
  keep boolean;
BEGIN
  INSERT INTO delivery.session AS s (account_id, client_id, epoch, gateway, auth_id, connected,
                                     expiry_s, expires_at, cursor_position, cursor_above,
                                     state)
  VALUES (of_account, of_client, 0, '', of_auth, false, 0, '-infinity', 0, '{}', '')
  ON CONFLICT (account_id, client_id) DO UPDATE SET epoch = s.epoch
  RETURNING * INTO old;
  keep := NOT clean AND (old.connected OR old.expires_at > clock_timestamp());
  RETURN QUERY
  UPDATE delivery.session s SET
    epoch = old.epoch + 1, gateway = at_gateway, auth_id = of_auth, connected = true,
    expiry_s = life_s, expires_at = clock_timestamp() + make_interval(secs => life_s + grace_s),
    state = '',
    cursor_position = CASE WHEN keep THEN old.cursor_position ELSE fresh_position END,
    cursor_above = CASE WHEN keep THEN old.cursor_above
                        ELSE delivery.merged(fresh_position, fresh_above, '{}') END
  WHERE s.id = old.id
  RETURNING s.id, s.epoch, keep, s.cursor_position, s.cursor_above,
            CASE WHEN keep THEN old.state ELSE ''::bytea END,
            CASE WHEN old.connected THEN old.gateway ELSE '' END,
            CASE WHEN old.connected THEN old.epoch ELSE 0 END;
END
$$;

-- A session whose life is 0 ends with its connection, whether or not that end has been heard of yet.
CREATE OR REPLACE FUNCTION delivery.open_session(
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
  keep := NOT clean AND old.expiry_s > 0 AND (old.connected OR old.expires_at > clock_timestamp());
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

-- Uploads (PROTOCOL 5.6.2): messages that stand as `link` until they are complete.
CREATE INDEX message_link ON messaging.message (committed_ms) WHERE status = 6;

-- As append(), for messages that are stored as `link`.
CREATE FUNCTION messaging.append_links(
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
BEGIN
  FOR outcome, id, previous, prev, created_ms, committed_ms, feed_id, author_phone_id,
      peer_phone_id, peer_account, announcement IN
    SELECT * FROM messaging.append(accounts, authors, peers, msg_ids, dup_keys, dup_finds,
                                   dup_befores, createds, bodies, published)
  LOOP
    IF append_links.outcome = 'stored' THEN
      UPDATE messaging.message m SET status = 6 WHERE m.id = append_links.id;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;

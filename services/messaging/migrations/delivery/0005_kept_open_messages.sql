-- What a session may still have in flight: a retained message outlives its place in the log.
CREATE INDEX open_retained_position ON delivery.open_retained (position);
CREATE VIEW delivery.open_kept AS
  SELECT position, topic, payload, qos, retain, properties, expires_at_ms, client_id FROM delivery.open_message
  UNION ALL
  SELECT position, topic, payload, qos, true, properties, expires_at_ms, client_id FROM delivery.open_retained r
  WHERE NOT EXISTS (SELECT FROM delivery.open_message m WHERE m.position = r.position);

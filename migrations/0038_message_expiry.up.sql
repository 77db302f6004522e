-- When the bytes of a message are to go, where its sender has said so
-- (docs/adr/0049). What else there is of its row stays, as with retention.

SET LOCAL search_path = hermetic;

-- One row for each message with a time, until that time: senders of others pay
-- nothing for it.
CREATE TABLE message_expiry (
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  seq        bigint NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (session_id, seq)
);
CREATE INDEX message_expiry_next ON message_expiry (expires_at);

-- The bytes of messages whose time has come, a thousand at a time. As its owner:
-- the worker's role can neither read nor write a message otherwise.
CREATE FUNCTION expire_messages()
RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
  WITH due AS MATERIALIZED (
    SELECT session_id, seq FROM message_expiry
    WHERE expires_at <= now() ORDER BY expires_at LIMIT 1000
  ), emptied AS (
    UPDATE message m SET envelope = '' FROM due d
    WHERE m.session_id = d.session_id AND m.seq = d.seq
      AND m.kind = 1 AND m.hash IS NOT NULL AND m.envelope <> ''
  ), done AS (
    DELETE FROM message_expiry e USING due d
    WHERE e.session_id = d.session_id AND e.seq = d.seq
    RETURNING 1
  )
  SELECT count(*) FROM done
$$;

GRANT INSERT ON message_expiry TO hermetic_api, hermetic_mqtt_bridge;
REVOKE ALL ON FUNCTION expire_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION expire_messages TO hermetic_rotation;

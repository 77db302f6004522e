-- The bytes of messages whose time has come, a thousand at a time. As its owner:
-- the worker's role can neither read nor write a message otherwise.
CREATE OR REPLACE FUNCTION expire_messages()
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

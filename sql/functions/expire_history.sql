-- What is older than so many seconds, of some logs: a thousand messages or a
-- little more at a time. As its owner: the worker's role can neither read nor
-- write a message otherwise.
CREATE OR REPLACE FUNCTION expire_history(p_seconds bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  old_before timestamptz := now() - make_interval(secs => p_seconds);
  h history_swept%ROWTYPE;
  count bigint := 0;
BEGIN
  IF p_seconds <= 0 THEN
    RETURN 0;
  END IF;
  FOR h IN SELECT * FROM history_swept s WHERE s.next_at < old_before
           ORDER BY s.next_at LIMIT 1000 LOOP
    count := count + sweep_history(h.session_id, old_before, h.seq);
    EXIT WHEN count >= 1000;
  END LOOP;
  RETURN count;
END $$;

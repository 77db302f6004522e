-- The next bytes of a file, for the account that has made its place: p_bytes go behind
-- those that its piece p_number has. `offset-differs`: it goes on at `stored`. Whoever
-- is told that they are stored has them stored.
--
-- The time at which it grew moves by the hour, so that most pieces leave its index
-- alone.
CREATE OR REPLACE FUNCTION append_file(
  p_session uuid, p_device uuid, p_file uuid, p_offset bigint, p_number integer,
  p_bytes bytea, OUT outcome text, OUT stored bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_size bigint;
BEGIN
  stored := 0;
  IF NOT EXISTS (SELECT FROM active_member m
                 WHERE m.session_id = p_session AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  END IF;
  SELECT f.stored, f.size INTO stored, v_size FROM file f
    WHERE f.session_id = p_session AND f.file_id = p_file AND NOT f.gone
      AND (SELECT d.user_id FROM device d WHERE d.device_id = f.device_id)
          = (SELECT d.user_id FROM device d WHERE d.device_id = p_device)
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    stored := 0;
    outcome := 'no-file';
  ELSIF stored <> p_offset OR v_size - p_offset < octet_length(p_bytes) THEN
    outcome := 'offset-differs';
  ELSE
    INSERT INTO file_piece AS p (session_id, file_id, number, bytes)
      VALUES (p_session, p_file, p_number, p_bytes)
      ON CONFLICT (session_id, file_id, number)
      DO UPDATE SET bytes = p.bytes || excluded.bytes;
    stored := stored + octet_length(p_bytes);
    UPDATE file f
      SET stored = append_file.stored,
          touched_at = CASE WHEN f.touched_at < now() - interval '1 hour'
                            THEN now() ELSE f.touched_at END
      WHERE f.session_id = p_session AND f.file_id = p_file;
    outcome := 'ok';
  END IF;
END $$;

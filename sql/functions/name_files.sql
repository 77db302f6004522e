-- A message, which is known by its nonce until it is stored, names files: they stay as
-- long as it does. All of them are there whole, or none is named. Both this and
-- expire_files() take the file's row, so that one of them sees what the other did. A
-- message that is stored has its names, and its own statement answers for it.
CREATE OR REPLACE FUNCTION name_files(p_session uuid, p_device uuid, p_nonce bytea,
                                      p_files uuid[], OUT outcome text)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_count bigint;
  v_now timestamptz;
BEGIN
  IF EXISTS (SELECT FROM message m
             WHERE m.session_id = p_session AND m.nonce = p_nonce) THEN
    outcome := 'ok';
    RETURN;
  ELSIF NOT EXISTS (SELECT FROM active_member m
                    WHERE m.session_id = p_session AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  END IF;
  PERFORM FROM file f
    WHERE f.session_id = p_session AND f.file_id = ANY (p_files)
    ORDER BY f.file_id FOR NO KEY UPDATE;
  v_now := clock_timestamp();
  UPDATE file f SET touched_at = v_now
    WHERE f.session_id = p_session AND f.file_id = ANY (p_files)
      AND f.stored = f.size AND NOT f.gone;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count <> (SELECT count(DISTINCT u) FROM unnest(p_files) u) THEN
    outcome := 'file-unknown';
    RETURN;
  END IF;
  INSERT INTO file_naming (session_id, file_id, nonce)
    SELECT DISTINCT p_session, u, p_nonce FROM unnest(p_files) u
    ON CONFLICT DO NOTHING;
  outcome := 'ok';
END $$;

-- The account that has stored a file takes it away, also when it has left the session:
-- the file counts for it. Its rows go by and by (expire_files()); nobody reads it from now
-- on.
CREATE OR REPLACE FUNCTION drop_file(p_session uuid, p_device uuid, p_file uuid,
                                     OUT outcome text)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_maker uuid;
  v_own boolean;
BEGIN
  SELECT f.device_id INTO v_maker FROM file f
    WHERE f.session_id = p_session AND f.file_id = p_file AND NOT f.gone
    FOR NO KEY UPDATE;
  v_own := (SELECT d.user_id FROM device d WHERE d.device_id = v_maker)
           = (SELECT d.user_id FROM device d WHERE d.device_id = p_device);
  IF v_own IS NOT TRUE
     AND NOT EXISTS (SELECT FROM active_member m
                     WHERE m.session_id = p_session AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  ELSIF v_own IS NULL THEN
    outcome := 'no-file';
    RETURN;
  ELSIF NOT v_own THEN
    outcome := 'forbidden';
    RETURN;
  END IF;
  UPDATE file SET gone = true, touched_at = now()
    WHERE session_id = p_session AND file_id = p_file;
  outcome := 'ok';
END $$;

-- A place for a file of p_size bytes, which one of the session's members will store
-- (docs/adr/0051). The same again by the same account is no second one: `stored` says
-- how far it has come. Of two at once one waits, so that it counts the other: by the
-- row of the account, then by a lock of the session that stops no message. A file that
-- is gone counts for the bytes that came of it, until they are removed (expire_files()):
-- whoever takes files away gets no more room than there is. With `files-full` what is
-- left is that of the account or, `of_session`, of the session. `objects`: where its bytes
-- are, which is as the place was made.
CREATE OR REPLACE FUNCTION create_file(
  p_session uuid, p_device uuid, p_file uuid, p_size bigint,
  p_account_bytes bigint, p_account_count bigint,
  p_session_bytes bigint, p_session_count bigint, p_objects boolean DEFAULT false,
  OUT outcome text, OUT stored bigint, OUT of_session boolean,
  OUT bytes_left bigint, OUT count_left bigint, OUT objects boolean)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_devices uuid[]; -- of the account
  f file%ROWTYPE;
BEGIN
  stored := 0;
  objects := p_objects;
  SELECT user_id INTO v_user FROM device WHERE device_id = p_device;
  PERFORM FROM account WHERE user_id = v_user FOR NO KEY UPDATE;
  PERFORM pg_advisory_xact_lock(hashtextextended('files of ' || p_session, 0));
  IF NOT EXISTS (SELECT FROM active_member m
                 WHERE m.session_id = p_session AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  ELSIF EXISTS (SELECT FROM session s WHERE s.session_id = p_session
                AND s.ended_at IS NOT NULL) THEN
    outcome := 'session-ended';
    RETURN;
  END IF;
  SELECT * INTO f FROM file WHERE session_id = p_session AND file_id = p_file;
  IF FOUND THEN
    IF f.gone OR f.size <> p_size
       OR v_user <> (SELECT d.user_id FROM device d
                     WHERE d.device_id = f.device_id) THEN
      outcome := 'file-exists';
    ELSE
      outcome := 'duplicate';
      stored := f.stored;
      objects := f.objects;
    END IF;
    RETURN;
  END IF;
  of_session := false;
  v_devices := ARRAY(SELECT d.device_id FROM device d WHERE d.user_id = v_user);
  SELECT p_account_bytes - coalesce(sum(a.size), 0), p_account_count - count(*)
    INTO bytes_left, count_left
    FROM file a WHERE a.device_id = ANY (v_devices) AND NOT a.gone;
  bytes_left := bytes_left - (
    SELECT coalesce(sum(a.stored), 0)
    FROM file a WHERE a.device_id = ANY (v_devices) AND a.gone);
  IF bytes_left >= p_size AND count_left > 0 THEN
    of_session := true;
    SELECT p_session_bytes - coalesce(sum(a.size), 0), p_session_count - count(*)
      INTO bytes_left, count_left
      FROM file a WHERE a.session_id = p_session AND NOT a.gone;
    bytes_left := bytes_left - (
      SELECT coalesce(sum(a.stored), 0)
      FROM file a WHERE a.session_id = p_session AND a.gone);
  END IF;
  IF bytes_left < p_size OR count_left <= 0 THEN
    bytes_left := greatest(bytes_left, 0);
    count_left := greatest(count_left, 0);
    outcome := 'files-full';
    RETURN;
  END IF;
  INSERT INTO file (session_id, file_id, device_id, size, objects)
    VALUES (p_session, p_file, p_device, p_size, p_objects);
  outcome := 'ok';
END $$;

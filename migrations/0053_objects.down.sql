-- Files whose bytes are in objects cannot be read without this: they have to be gone first.
SET LOCAL search_path = hermetic;

DO $$ BEGIN
  IF EXISTS (SELECT FROM file WHERE objects) THEN
    RAISE EXCEPTION 'files are in objects';
  END IF;
END $$;

DROP FUNCTION create_file, append_file, going_objects, objects_gone, objects_to_go;

-- A place for a file of p_size bytes, which one of the session's members will store
-- (docs/adr/0051). The same again by the same account is no second one: `stored` says
-- how far it has come. Of two at once one waits, so that it counts the other: by the
-- row of the account, then by a lock of the session that stops no message. A file that
-- is gone counts for the bytes that came of it, until they are removed (expire_files()):
-- whoever takes files away gets no more room than there is. With `files-full` what is
-- left is that of the account or, `of_session`, of the session.
CREATE OR REPLACE FUNCTION create_file(
  p_session uuid, p_device uuid, p_file uuid, p_size bigint,
  p_account_bytes bigint, p_account_count bigint,
  p_session_bytes bigint, p_session_count bigint,
  OUT outcome text, OUT stored bigint, OUT of_session boolean,
  OUT bytes_left bigint, OUT count_left bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  f file%ROWTYPE;
BEGIN
  stored := 0;
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
    END IF;
    RETURN;
  END IF;
  of_session := false;
  SELECT p_account_bytes - coalesce(sum(a.size), 0), p_account_count - count(*)
    INTO bytes_left, count_left
    FROM device d JOIN file a ON a.device_id = d.device_id AND NOT a.gone
    WHERE d.user_id = v_user;
  bytes_left := bytes_left - (
    SELECT coalesce(sum(a.stored), 0)
    FROM device d JOIN file a ON a.device_id = d.device_id AND a.gone
    WHERE d.user_id = v_user);
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
  INSERT INTO file (session_id, file_id, device_id, size)
    VALUES (p_session, p_file, p_device, p_size);
  outcome := 'ok';
END $$;

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

-- Files that no message names are gone: of which nothing came for p_seconds, or whose
-- last message is not there any more. Of gone ones some pieces go at a time, then the
-- row. As its owner: the worker's role reads neither messages nor files. Returns how
-- many rows it has touched: a thousand or more when there is more to do.
--
-- What is named is looked at again after a quarter of p_seconds.
CREATE OR REPLACE FUNCTION expire_files(p_seconds bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  due file%ROWTYPE;
  named boolean;
  touched bigint := 0;
  n bigint;
BEGIN
  FOR due IN SELECT * FROM file f
             WHERE f.touched_at < clock_timestamp() - make_interval(secs => p_seconds)
               AND NOT f.gone
             ORDER BY f.touched_at LIMIT 1000 FOR UPDATE SKIP LOCKED LOOP
    named := EXISTS (
      SELECT FROM file_naming u JOIN message m USING (session_id, nonce)
      WHERE u.session_id = due.session_id AND u.file_id = due.file_id
        AND m.envelope <> '');
    UPDATE file f
      SET gone = NOT named,
          touched_at = clock_timestamp()
                       - make_interval(secs => p_seconds * 3 / 4)
      WHERE f.session_id = due.session_id AND f.file_id = due.file_id;
    touched := touched + 1;
  END LOOP;
  WITH old AS MATERIALIZED (
    SELECT p.session_id, p.file_id, p.number
    FROM (SELECT session_id, file_id FROM file WHERE gone
          ORDER BY touched_at LIMIT 1000) f
    JOIN file_piece p USING (session_id, file_id) LIMIT 1000)
  DELETE FROM file_piece p USING old o
    WHERE p.session_id = o.session_id AND p.file_id = o.file_id
      AND p.number = o.number;
  GET DIAGNOSTICS n = ROW_COUNT;
  touched := touched + n;
  WITH old AS MATERIALIZED (
    SELECT f.session_id, f.file_id FROM file f
    WHERE f.gone AND NOT EXISTS (
      SELECT FROM file_piece p
      WHERE p.session_id = f.session_id AND p.file_id = f.file_id)
    ORDER BY f.touched_at LIMIT 1000 FOR UPDATE SKIP LOCKED),
  names AS (
    DELETE FROM file_naming u USING old o
    WHERE u.session_id = o.session_id AND u.file_id = o.file_id)
  DELETE FROM file f USING old o
    WHERE f.session_id = o.session_id AND f.file_id = o.file_id;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN touched + n;
END $$;

REVOKE ALL ON FUNCTION create_file, append_file FROM PUBLIC;
GRANT EXECUTE ON FUNCTION create_file, append_file TO hermetic_api;

DROP TABLE file_object;
ALTER TABLE file DROP COLUMN cuts, DROP COLUMN objects;

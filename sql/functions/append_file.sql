-- The next bytes of a file, for the account that has made its place: p_bytes go behind
-- those that its piece p_number has, or are in the object p_object, which is kept from then
-- on. `offset-differs`: the next bytes belong at `stored`. Bytes of which the answer says that
-- they are stored are stored. Where it does not, the caller drops the object; `unavailable`:
-- the object is being dropped already, or the file's bytes are kept in the other way.
--
-- The time at which it grew moves by the hour, so that most pieces leave its index
-- alone.
CREATE OR REPLACE FUNCTION append_file(
  p_session uuid, p_device uuid, p_file uuid, p_offset bigint, p_number integer,
  p_bytes bytea, p_object uuid DEFAULT NULL, OUT outcome text, OUT stored bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_size bigint;
  v_maker uuid;
  v_touched timestamptz;
  v_objects boolean;
  v_count bigint := octet_length(p_bytes);
BEGIN
  stored := 0;
  IF p_object IS NOT NULL THEN
    SELECT o.size INTO v_count FROM file_object o
      WHERE o.session_id = p_session AND o.object_id = p_object
        AND o.file_id = p_file AND o.state = 'coming' AND o.start = p_offset
      FOR NO KEY UPDATE;
  END IF;
  SELECT f.stored, f.size, f.objects, f.device_id, f.touched_at
    INTO stored, v_size, v_objects, v_maker, v_touched FROM file f
    WHERE f.session_id = p_session AND f.file_id = p_file AND NOT f.gone
    FOR NO KEY UPDATE;
  IF v_size IS NOT NULL
     AND (SELECT count(DISTINCT d.user_id) FROM device d
          WHERE d.device_id IN (v_maker, p_device)) <> 1 THEN
    v_size := NULL;
  END IF;
  IF NOT EXISTS (SELECT FROM active_member m
                 WHERE m.session_id = p_session AND m.device_id = p_device) THEN
    stored := 0;
    outcome := 'not-a-member';
  ELSIF v_size IS NULL THEN
    stored := 0;
    outcome := 'no-file';
  ELSIF v_count IS NULL OR v_objects <> (p_object IS NOT NULL) THEN
    outcome := 'unavailable';
  ELSIF stored <> p_offset OR v_size - p_offset < v_count THEN
    outcome := 'offset-differs';
  ELSE
    IF p_object IS NULL THEN
      INSERT INTO file_piece AS p (session_id, file_id, number, bytes)
        VALUES (p_session, p_file, p_number, p_bytes)
        ON CONFLICT (session_id, file_id, number)
        DO UPDATE SET bytes = p.bytes || excluded.bytes;
    END IF;
    stored := stored + v_count;
    IF v_touched < now() - interval '1 hour' THEN
      v_touched := now();
    END IF;
    UPDATE file f SET stored = append_file.stored, touched_at = v_touched
      WHERE f.session_id = p_session AND f.file_id = p_file;
    outcome := 'ok';
  END IF;
  IF p_object IS NOT NULL THEN
    v_touched := clock_timestamp();
    UPDATE file_object o
      SET state = CASE WHEN outcome = 'ok' THEN 'kept' ELSE 'going' END,
          since = v_touched
      WHERE o.session_id = p_session AND o.object_id = p_object
        AND o.state = 'coming';
  END IF;
END $$;

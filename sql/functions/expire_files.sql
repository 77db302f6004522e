-- Files that no message names are gone: of which nothing came for p_seconds, or whose
-- last message is not there any more. Of gone ones some pieces and objects go at a time,
-- then, once the objects are known to be gone, the row. As its owner: the worker's role
-- reads neither messages nor files. Returns how many rows it has touched: a thousand or
-- more when there is more to do.
--
-- What is named is looked at again after a quarter of p_seconds. Each file is locked by itself,
-- since it may be on another machine than the next one (docs/adr/0091).
CREATE OR REPLACE FUNCTION expire_files(p_seconds bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  due file%ROWTYPE;
  named boolean;
  touched bigint := 0;
  n bigint;
  v_now timestamptz := clock_timestamp();
  v_again timestamptz := v_now - make_interval(secs => p_seconds * 3 / 4);
BEGIN
  FOR due IN SELECT * FROM file f
             WHERE f.touched_at < v_now - make_interval(secs => p_seconds)
               AND NOT f.gone
             ORDER BY f.touched_at LIMIT 1000 LOOP
    PERFORM FROM file f
      WHERE f.session_id = due.session_id AND f.file_id = due.file_id
        AND f.touched_at = due.touched_at AND NOT f.gone
      FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    named := EXISTS (
      SELECT FROM file_naming u JOIN message m USING (session_id, nonce)
      WHERE u.session_id = due.session_id AND u.file_id = due.file_id
        AND m.envelope <> '');
    UPDATE file f
      SET gone = NOT named, touched_at = v_again
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
    SELECT o.session_id, o.object_id
    FROM (SELECT session_id, file_id FROM file WHERE gone AND objects
          ORDER BY touched_at LIMIT 1000) f
    JOIN file_object o USING (session_id, file_id) WHERE o.state = 'kept' LIMIT 1000)
  UPDATE file_object o SET state = 'going', since = v_now
    FROM old WHERE o.session_id = old.session_id AND o.object_id = old.object_id;
  GET DIAGNOSTICS n = ROW_COUNT;
  touched := touched + n;
  WITH old AS MATERIALIZED (
    SELECT f.session_id, f.file_id FROM file f
    WHERE f.gone AND NOT EXISTS (
      SELECT FROM file_piece p
      WHERE p.session_id = f.session_id AND p.file_id = f.file_id)
      AND NOT EXISTS (
      SELECT FROM file_object o
      WHERE o.session_id = f.session_id AND o.file_id = f.file_id)
    ORDER BY f.touched_at LIMIT 1000),
  names AS (
    DELETE FROM file_naming u USING old o
    WHERE u.session_id = o.session_id AND u.file_id = o.file_id)
  DELETE FROM file f USING old o
    WHERE f.session_id = o.session_id AND f.file_id = o.file_id;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN touched + n;
END $$;

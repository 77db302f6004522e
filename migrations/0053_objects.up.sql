-- Bytes of files may be in an S3-compatible store, as objects (docs/adr/0071).
SET LOCAL search_path = hermetic;

-- Where its bytes are: in objects, or in rows of file_piece.
ALTER TABLE file ADD COLUMN objects boolean NOT NULL DEFAULT false;
-- How many objects were begun for it that end within a piece (sql/file_object_begin.sql).
ALTER TABLE file ADD COLUMN cuts integer NOT NULL DEFAULT 0;

-- An object of the store, with bytes of a file from `start` on. A row is there before the
-- store is asked for the object, and until the store has it no more: `coming` is one of
-- which it is not known yet whether the file has it, `going` one that no file has.
CREATE TABLE file_object (
  session_id uuid NOT NULL,
  object_id  uuid NOT NULL DEFAULT gen_random_uuid(),
  file_id    uuid NOT NULL,
  start      bigint NOT NULL,
  size       integer NOT NULL CHECK (size > 0),
  state      text NOT NULL DEFAULT 'coming' CHECK (state IN ('coming', 'kept', 'going')),
  since      timestamptz NOT NULL DEFAULT clock_timestamp(), -- it is in that state
  PRIMARY KEY (session_id, object_id),
  FOREIGN KEY (session_id, file_id) REFERENCES file
) WITH (fillfactor = 80);
CREATE INDEX file_object_of_file ON file_object (session_id, file_id, start);
CREATE INDEX file_object_open ON file_object (session_id, file_id)
  WHERE state <> 'kept';
CREATE INDEX file_object_to_go ON file_object (since) WHERE state <> 'kept';

DROP FUNCTION create_file, append_file;

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
  INSERT INTO file (session_id, file_id, device_id, size, objects)
    VALUES (p_session, p_file, p_device, p_size, p_objects);
  outcome := 'ok';
END $$;

-- The next bytes of a file, for the account that has made its place: p_bytes go behind
-- those that its piece p_number has, or are in the object p_object, which is kept from then
-- on. `offset-differs`: it goes on at `stored`. Whoever is told that they are stored has
-- them stored. Where they are not the object is to go; `unavailable`: it is going already,
-- or the file's bytes are kept in the other way.
--
-- The time at which it grew moves by the hour, so that most pieces leave its index
-- alone.
CREATE OR REPLACE FUNCTION append_file(
  p_session uuid, p_device uuid, p_file uuid, p_offset bigint, p_number integer,
  p_bytes bytea, p_object uuid DEFAULT NULL, OUT outcome text, OUT stored bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_size bigint;
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
  SELECT f.stored, f.size, f.objects INTO stored, v_size, v_objects FROM file f
    WHERE f.session_id = p_session AND f.file_id = p_file AND NOT f.gone
      AND (SELECT d.user_id FROM device d WHERE d.device_id = f.device_id)
          = (SELECT d.user_id FROM device d WHERE d.device_id = p_device)
    FOR NO KEY UPDATE;
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
    UPDATE file f
      SET stored = append_file.stored,
          touched_at = CASE WHEN f.touched_at < now() - interval '1 hour'
                            THEN now() ELSE f.touched_at END
      WHERE f.session_id = p_session AND f.file_id = p_file;
    outcome := 'ok';
  END IF;
  IF p_object IS NOT NULL THEN
    UPDATE file_object o
      SET state = CASE WHEN outcome = 'ok' THEN 'kept' ELSE 'going' END,
          since = clock_timestamp()
      WHERE o.session_id = p_session AND o.object_id = p_object
        AND o.state = 'coming';
  END IF;
END $$;

-- Files that no message names are gone: of which nothing came for p_seconds, or whose
-- last message is not there any more. Of gone ones some pieces and objects go at a time,
-- then, once the objects are known to be gone, the row. As its owner: the worker's role
-- reads neither messages nor files. Returns how many rows it has touched: a thousand or
-- more when there is more to do.
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
    SELECT o.session_id, o.object_id
    FROM (SELECT session_id, file_id FROM file WHERE gone AND objects
          ORDER BY touched_at LIMIT 1000) f
    JOIN file_object o USING (session_id, file_id) WHERE o.state = 'kept' LIMIT 1000)
  UPDATE file_object o SET state = 'going', since = clock_timestamp()
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
    ORDER BY f.touched_at LIMIT 1000 FOR UPDATE SKIP LOCKED),
  names AS (
    DELETE FROM file_naming u USING old o
    WHERE u.session_id = o.session_id AND u.file_id = o.file_id)
  DELETE FROM file f USING old o
    WHERE f.session_id = o.session_id AND f.file_id = o.file_id;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN touched + n;
END $$;

-- Objects that are to go, at most p_most, those first that were tried least lately: what
-- was to come and did not in an hour, when whoever asked the store for it has long given up
-- (src/store/objects.c), and what no file has any more. Each stays in the table until
-- objects_gone() has it. As its owner: the worker's role reads no files.
CREATE OR REPLACE FUNCTION going_objects(
  p_most integer, OUT session_id uuid, OUT object_id uuid)
RETURNS SETOF record LANGUAGE sql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
  UPDATE file_object o SET state = 'going', since = clock_timestamp()
    FROM (SELECT d.session_id, d.object_id FROM file_object d
          WHERE d.state = 'going'
             OR d.state = 'coming' AND d.since < now() - interval '1 hour'
          ORDER BY d.since LIMIT p_most FOR UPDATE SKIP LOCKED) due
    WHERE o.session_id = due.session_id AND o.object_id = due.object_id
    RETURNING o.session_id, o.object_id;
$$;

-- The store has not got these objects any more, each of its session. Returns how many were
-- known.
CREATE OR REPLACE FUNCTION objects_gone(p_sessions uuid[], p_objects uuid[])
RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
  WITH gone AS (
    DELETE FROM file_object o
      USING unnest(p_sessions, p_objects) AS u (session_id, object_id)
      WHERE o.session_id = u.session_id AND o.object_id = u.object_id
        AND o.state = 'going' RETURNING 1)
  SELECT count(*) FROM gone;
$$;

-- How many objects wait to be dropped. As its owner: the worker's role reads no files.
CREATE OR REPLACE FUNCTION objects_to_go()
RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
  SELECT count(*) FROM file_object WHERE state = 'going';
$$;

GRANT SELECT, INSERT ON file_object TO hermetic_api;
GRANT UPDATE (state, since) ON file_object TO hermetic_api;
GRANT UPDATE (cuts) ON file TO hermetic_api;
REVOKE ALL ON FUNCTION create_file, append_file, going_objects, objects_gone,
  objects_to_go FROM PUBLIC;
GRANT EXECUTE ON FUNCTION create_file, append_file TO hermetic_api;
GRANT EXECUTE ON FUNCTION going_objects, objects_gone, objects_to_go TO hermetic_rotation;

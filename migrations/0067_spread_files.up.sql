-- What asks for files and accounts at once asks in steps, locks a file by itself, and has the
-- time in a variable, so that Citus plans it, too (docs/adr/0091).
SET LOCAL search_path = hermetic;

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

-- Objects that are to go, at most p_most, those first that were tried least lately: what
-- was to come and did not in an hour, when whoever asked the store for it has long given up
-- (src/store/objects.c), and what no file has any more. Each stays in the table until
-- objects_gone() has it. Two workers at once never get the same one: the second waits for
-- the row, and then it is not as it was. As its owner: the worker's role reads no files.
CREATE OR REPLACE FUNCTION going_objects(
  p_most integer, OUT session_id uuid, OUT object_id uuid)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
#variable_conflict use_column
DECLARE
  due file_object%ROWTYPE;
  v_now timestamptz := clock_timestamp();
BEGIN
  FOR due IN SELECT * FROM file_object d
             WHERE d.state = 'going'
                OR d.state = 'coming' AND d.since < now() - interval '1 hour'
             ORDER BY d.since LIMIT p_most LOOP
    UPDATE file_object o SET state = 'going', since = v_now
      WHERE o.session_id = due.session_id AND o.object_id = due.object_id
        AND o.state = due.state AND o.since = due.since;
    IF FOUND THEN
      session_id := due.session_id;
      object_id := due.object_id;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;

-- What an account has used of the limits that statements count (charge_quota()), and how
-- much it has of what there is a quota of. `debt_ms`: until all of the limit is there
-- again. Returns no row where there is no such account.
CREATE OR REPLACE FUNCTION admin_limits(p_username text)
RETURNS TABLE (what text, window_s integer, debt_ms bigint, stored bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
#variable_conflict use_column
DECLARE
  v_user uuid := (SELECT a.user_id FROM account a
                  WHERE a.username = p_username AND a.erased_at IS NULL);
  v_waiting bigint := (SELECT count(*) FROM invitation i WHERE i.user_id = v_user);
BEGIN
  RETURN QUERY
  SELECT l.what, l.window_s,
         CASE WHEN l.window_s IS NOT NULL THEN coalesce((
           SELECT greatest(extract(epoch FROM b.free_at - now()) * 1000, 0)::bigint
           FROM allowance b WHERE b.name = limit_name(l.what || l.of || v_user)), 0)
         END,
         l.stored
  FROM (VALUES
    ('sessions', ' by ', 86400, NULL), ('invitations', ' by ', 86400, NULL),
    ('claims', ' of ', 3600, NULL),
    ('devices', '', NULL, (SELECT count(*) FROM device d
      WHERE d.user_id = v_user AND d.removed_at IS NULL)),
    ('key-packages', '', NULL, (SELECT count(*) FROM device d
      JOIN key_package k USING (device_id)
      WHERE d.user_id = v_user AND d.removed_at IS NULL)),
    ('invitations-waiting', '', NULL, v_waiting)
  ) AS l(what, of, window_s, stored)
  WHERE v_user IS NOT NULL;
END $$;

-- One log's turn: what is older than p_before among the next thousand entries.
-- An empty envelope says that its bytes have gone: NULL would cost a bitmap in
-- each such row.
--
-- The head of an entry of the first chain is over its bytes, so these cannot go
-- alone. Before the first GroupInfo that is known, where nobody can follow the
-- log by its commits anyway, the log then loses its start instead; after it
-- (nodes from before that ran beside newer ones) the bytes stay.
CREATE OR REPLACE FUNCTION sweep_history(p_session uuid, p_before timestamptz,
                              p_seq bigint)
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic, pg_temp AS $$
DECLARE
  upto bigint;
  gone bigint;
  dropped bigint;
  count bigint := 0;
  next timestamptz;
BEGIN
  SELECT coalesce(min(m.seq) FILTER (WHERE m.sent_at >= p_before) - 1,
                  max(m.seq), p_seq) INTO upto
    FROM (SELECT seq, sent_at FROM message
          WHERE session_id = p_session AND seq > p_seq
          ORDER BY seq LIMIT 1000) m;

  SELECT max(m.seq) INTO gone FROM message m
    WHERE m.session_id = p_session AND m.seq > p_seq AND m.seq <= upto
      AND m.kind = 1 AND m.hash IS NULL
      AND m.seq <= (SELECT min(f.seq) FROM first_group_info f
                    WHERE f.session_id = p_session);
  IF gone IS NOT NULL THEN
    INSERT INTO history_floor AS f (session_id, seq, head)
      SELECT p_session, gone + 1, m.head FROM message m
      WHERE m.session_id = p_session AND m.seq = gone
      ON CONFLICT (session_id) DO UPDATE
        SET seq = excluded.seq, head = excluded.head
        WHERE f.seq < excluded.seq;
    DELETE FROM message m WHERE m.session_id = p_session AND m.seq <= gone;
    GET DIAGNOSTICS count = ROW_COUNT;
  END IF;

  UPDATE message m SET envelope = ''
    WHERE m.session_id = p_session AND m.seq > p_seq AND m.seq <= upto
      AND m.kind = 1 AND m.hash IS NOT NULL AND m.envelope <> '';
  GET DIAGNOSTICS dropped = ROW_COUNT;

  next := coalesce((SELECT m.sent_at FROM message m
                    WHERE m.session_id = p_session AND m.seq > upto
                    ORDER BY m.seq LIMIT 1), now());
  UPDATE history_swept h SET seq = upto, next_at = next WHERE h.session_id = p_session;
  RETURN count + dropped;
END $$;

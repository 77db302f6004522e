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

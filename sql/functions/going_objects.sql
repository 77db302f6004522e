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

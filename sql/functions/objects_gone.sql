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

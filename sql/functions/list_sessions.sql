-- The sessions of a user with ids after p_after, as a device of that user sees them, at
-- most p_limit. Each of the user's devices and the invitations are asked by themselves,
-- in the order of an index, so others' sessions cost nothing. Where sessions are spread
-- that is a question to all machines, for so many rows at most of each.
--
-- A session into which somebody whom the user has blocked invites, or has added a device
-- that has not come yet, is not among them. An account that was erased has no name.
CREATE OR REPLACE FUNCTION list_sessions(
  p_user uuid, p_device uuid, p_after uuid, p_limit integer)
RETURNS TABLE (session_id uuid, algorithm text, epoch bigint, join_policy text,
               creator text, created_ms bigint, last_seq bigint, head bytea,
               member boolean)
LANGUAGE plpgsql STABLE SET search_path = hermetic AS $$
#variable_conflict use_column
DECLARE
  v_blocked uuid[] := ARRAY(SELECT b.blocked FROM account_block b
                            WHERE b.by_user = p_user);
  v_devices uuid[] := ARRAY(SELECT d.device_id FROM device d
                            WHERE d.user_id = p_user AND d.removed_at IS NULL);
  v_device uuid;
  v_sessions uuid[];
  v_senders uuid[];
  v_hidden uuid[] := '{}';
  v_own uuid[] := '{}';
  v_found uuid[];
BEGIN
  IF cardinality(v_blocked) > 0 THEN
    FOREACH v_device IN ARRAY v_devices LOOP
      SELECT array_agg(w.session_id), array_agg(m.sender) INTO v_sessions, v_senders
        FROM (SELECT o.session_id, o.seq FROM welcome o WHERE o.device_id = v_device
              ORDER BY o.created_at LIMIT 1000) w
        JOIN message m ON m.session_id = w.session_id AND m.seq = w.seq;
      v_hidden := v_hidden || ARRAY(
        SELECT u.session_id FROM unnest(v_sessions, v_senders) AS u (session_id, sender)
        JOIN device d ON d.device_id = u.sender
        WHERE d.user_id = ANY (v_blocked));
    END LOOP;
  END IF;
  v_found := ARRAY(
    SELECT i.session_id FROM invitation i
    WHERE i.user_id = p_user AND i.session_id > p_after
      AND i.invited_by <> ALL (v_blocked)
    ORDER BY i.session_id LIMIT p_limit);
  FOREACH v_device IN ARRAY v_devices LOOP
    v_sessions := ARRAY(
      SELECT m.session_id FROM session_member m
      WHERE m.device_id = v_device AND m.session_id > p_after
        AND m.departed_at IS NULL AND m.session_id <> ALL (v_hidden)
      ORDER BY m.session_id LIMIT p_limit);
    v_found := v_found || v_sessions;
    IF v_device = p_device THEN
      v_own := v_sessions;
    END IF;
  END LOOP;
  v_found := ARRAY(SELECT DISTINCT f.id FROM unnest(v_found) AS f(id)
                   ORDER BY f.id LIMIT p_limit);
  RETURN QUERY
    WITH found AS MATERIALIZED (
      SELECT * FROM session s WHERE s.session_id = ANY (v_found))
    SELECT f.session_id, f.algorithm, f.epoch, f.join_policy,
           (SELECT a.username FROM account a
            WHERE a.user_id = f.creator AND a.erased_at IS NULL),
           (extract(epoch FROM f.created_at) * 1000)::bigint, f.last_seq, f.head,
           f.session_id = ANY (v_own)
    FROM found f ORDER BY f.session_id;
END $$;

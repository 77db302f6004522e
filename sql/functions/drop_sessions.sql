-- What is left of sessions that ended p_seconds ago and whose messages have gone, a thousand
-- rows of each kind at a time; a session's row goes last. Returns how many rows have gone: a
-- thousand or more when there may be more to do. As its owner, who can take rows away from
-- every table that is of a session.
CREATE OR REPLACE FUNCTION drop_sessions(p_seconds bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  c_most CONSTANT integer := 1000;
  v_session uuid;
  v_part text[];
  v_more boolean;
  v_count bigint := 0;
  n bigint;
BEGIN
  FOR v_session IN SELECT s.session_id FROM session s
                   WHERE s.ended_at < now() - make_interval(secs => p_seconds)
                     AND NOT EXISTS (SELECT FROM message m
                                     WHERE m.session_id = s.session_id)
                   ORDER BY s.ended_at LIMIT c_most LOOP
    v_more := false;
    FOREACH v_part SLICE 1 IN ARRAY ARRAY[
      ['message_expiry', 'seq'], ['member_end', 'device_id'],
      ['first_group_info', 'generation'], ['invitation_letter', 'user_id'],
      ['invitation', 'user_id'], ['welcome', 'welcome_id'],
      ['session_member', 'device_id'], ['group_info', 'session_id']] LOOP
      EXECUTE format('DELETE FROM %1$I WHERE session_id = $1 AND %2$I = ANY (ARRAY(
                        SELECT %2$I FROM %1$I WHERE session_id = $1 LIMIT %3$s))',
                     v_part[1], v_part[2], c_most) USING v_session;
      GET DIAGNOSTICS n = ROW_COUNT;
      v_count := v_count + n;
      v_more := v_more OR n >= c_most;
      EXIT WHEN v_more;
    END LOOP;
    EXIT WHEN v_more;
    DELETE FROM session WHERE session_id = v_session;
    v_count := v_count + 1;
    EXIT WHEN v_count >= c_most;
  END LOOP;
  RETURN v_count;
END $$;

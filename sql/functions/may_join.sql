-- Who may join from outside: anyone if the session is open, the invited, and another
-- device of a user who is in it and has not departed. That a device of the user was
-- revoked is no departure: its leaf is there until a commit has removed it, and by its
-- account's log it may be the leaf of a thief (docs/adr/0047).
CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = hermetic AS $$
DECLARE
  v_devices uuid[] := ARRAY(SELECT d.device_id FROM device d WHERE d.user_id = p_user);
BEGIN
  RETURN EXISTS (SELECT FROM session s
                 WHERE s.session_id = p_session AND s.join_policy = 'open')
      OR EXISTS (SELECT FROM invitation i
                 WHERE i.session_id = p_session AND i.user_id = p_user)
      OR EXISTS (SELECT FROM session_member m
                 WHERE m.session_id = p_session AND m.departed_seq IS NULL
                   AND m.device_id = ANY (v_devices));
END $$;

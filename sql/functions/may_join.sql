-- Who may join from outside: anyone if the session is open, the invited, and another
-- device of a user who is in it and has not departed. That a device of the user was
-- revoked is no departure: its leaf is there until a commit has removed it, and by its
-- account's log it may be the leaf of a thief (docs/adr/0047).
CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT EXISTS (SELECT FROM session
                 WHERE session_id = p_session AND join_policy = 'open')
      OR EXISTS (SELECT FROM invitation
                 WHERE session_id = p_session AND user_id = p_user)
      OR EXISTS (SELECT FROM session_member m JOIN device USING (device_id)
                 WHERE m.session_id = p_session AND user_id = p_user
                   AND m.departed_seq IS NULL)
$$;

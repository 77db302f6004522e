-- Who may join from outside: anyone if the session is open, the invited, and another
-- device of a user who is in it and has not departed.
CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT EXISTS (SELECT FROM session
                 WHERE session_id = p_session AND join_policy = 'open')
      OR EXISTS (SELECT FROM invitation
                 WHERE session_id = p_session AND user_id = p_user)
      OR EXISTS (SELECT FROM active_member m JOIN device USING (device_id)
                 WHERE m.session_id = p_session AND user_id = p_user)
$$;

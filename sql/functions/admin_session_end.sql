-- Ends a session: nobody can send any more, and its log goes after the time that
-- sessions which ended are kept. Returns whether there is one that goes on.
CREATE OR REPLACE FUNCTION admin_session_end(p_session uuid,
                                             p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  UPDATE session SET ended_at = now()
    WHERE session_id = p_session AND ended_at IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM rotation WHERE session_id = p_session;
  PERFORM audit_append(admin_actor(p_token, 'write'), 'session-ended', p_session, '');
  RETURN true;
END $$;

-- Behind the commit of a member of a session that says whom it invites
-- (docs/adr/0059): p_invited has their fingerprints in hexadecimal, and nobody else is
-- invited any more. How many were. A function, so that it sees what append_commit() has
-- taken away.
CREATE OR REPLACE FUNCTION uninvite(p_session uuid, p_invited text[])
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_count bigint;
  v_users uuid[] := ARRAY(SELECT i.user_id FROM invitation i
                          WHERE i.session_id = p_session);
BEGIN
  v_users := ARRAY(SELECT u.id FROM unnest(v_users) AS u(id)
                   WHERE NOT EXISTS (SELECT FROM account_log l
                                     WHERE l.user_id = u.id
                                       AND encode(l.fingerprint, 'hex')
                                           = ANY (p_invited)));
  DELETE FROM invitation i
    WHERE i.session_id = p_session AND i.user_id = ANY (v_users);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

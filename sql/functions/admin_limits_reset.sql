-- Forgets what an account has used of the limits that admin_limits() shows, and the wrong
-- passphrases for it: nodes count these under this number. Returns whether there is such
-- an account.
CREATE OR REPLACE FUNCTION admin_limits_reset(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  UPDATE account SET guesses_reset = guesses_reset + 1
    WHERE username = p_username AND erased_at IS NULL RETURNING user_id INTO v_user;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  DELETE FROM allowance WHERE name IN (
    limit_name('sessions by ' || v_user), limit_name('invitations by ' || v_user),
    limit_name('claims of ' || v_user));
  PERFORM audit_append(admin_actor(p_token, 'write'), 'limits-reset', v_user, '');
  RETURN true;
END $$;

SET LOCAL search_path = hermetic;

-- p_on: nobody logs in to the account any more, and all its tokens end. Returns whether
-- there is such an account.
CREATE OR REPLACE FUNCTION admin_suspend(p_username text, p_on boolean,
                                         p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  UPDATE account SET suspended_at = CASE WHEN p_on THEN now() END
    WHERE username = p_username AND erased_at IS NULL RETURNING user_id INTO v_user;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM audit_append(admin_actor(p_token, 'write'),
                       CASE WHEN p_on THEN 'suspended' ELSE 'resumed' END,
                       v_user, '');
  IF p_on THEN
    PERFORM admin_sign_out(p_username, p_token);
  END IF;
  RETURN true;
END $$;

-- A suspension ends the account's logins before it locks the record. The other way round
-- all who recorded something waited for its logins' rows, and who had one of these and
-- recorded something waited for ever, until one of the two was refused.
SET LOCAL search_path = hermetic;

-- p_on: nobody logs in to the account any more, and all its tokens end. Returns whether
-- there is such an account. The record is locked last: all that is recorded waits for it.
CREATE OR REPLACE FUNCTION admin_suspend(p_username text, p_on boolean,
                                         p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_actor text := admin_actor(p_token, 'write');
BEGIN
  UPDATE account SET suspended_at = CASE WHEN p_on THEN now() END
    WHERE username = p_username AND erased_at IS NULL RETURNING user_id INTO v_user;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  IF p_on THEN
    PERFORM admin_sign_out(p_username, p_token);
  END IF;
  PERFORM audit_append(v_actor, CASE WHEN p_on THEN 'suspended' ELSE 'resumed' END,
                       v_user, '');
  RETURN true;
END $$;

-- Ends all logins of an account: its tokens are refused from now on. Returns whether
-- there is such an account.
CREATE OR REPLACE FUNCTION admin_sign_out(p_username text,
                                          p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_count bigint;
BEGIN
  SELECT user_id INTO v_user FROM account
    WHERE username = p_username AND erased_at IS NULL;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  UPDATE token_family SET revoked_at = now()
    WHERE revoked_at IS NULL
      AND device_id = ANY (ARRAY(SELECT device_id FROM device
                                 WHERE user_id = v_user));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  PERFORM audit_append(admin_actor(p_token, 'write'), 'signed-out', v_user,
                       v_count || ' logins');
  RETURN true;
END $$;

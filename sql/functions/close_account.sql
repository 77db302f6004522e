-- Erases the caller's own account, as an operator's act would. `link-wanted`: its log is
-- not closed, so nobody who reads it could know. Otherwise `ok`, with the families of
-- tokens that ended. p_hash is the password's that was compared: `wrong-password`,
-- when another one stands by now.
CREATE OR REPLACE FUNCTION close_account(p_user uuid, p_hash bytea,
                                         OUT outcome text, OUT ended uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_name text;
BEGIN
  ended := '{}';
  SELECT username INTO v_name FROM account
    WHERE user_id = p_user AND password_hash = p_hash AND erased_at IS NULL
    FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'wrong-password';
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM account_log
             WHERE user_id = p_user AND replaced_at IS NULL
               AND closed_at IS NULL) THEN
    outcome := 'link-wanted';
    RETURN;
  END IF;
  SELECT coalesce(array_agg(f.family_id), '{}') INTO ended
    FROM token_family f JOIN device d USING (device_id)
    WHERE d.user_id = p_user AND f.revoked_at IS NULL;
  PERFORM admin_erase(v_name);
  outcome := 'ok';
END $$;

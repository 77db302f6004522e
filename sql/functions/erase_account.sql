-- Erases an account: what leads to the person goes, and what the sessions of others are
-- proved by stays, under a name that is nobody's (docs/operations.md, "Erasure"): its
-- devices' ids, the fingerprint and the links of its logs, whose salts go. Returns
-- whether there is such an account.
--
-- Its devices end as any do, so the keys of their sessions are due (docs/adr/0018).
CREATE OR REPLACE FUNCTION erase_account(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  SELECT user_id INTO v_user FROM account
    WHERE username = p_username AND erased_at IS NULL FOR UPDATE;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM end_device(device_id) FROM device
    WHERE user_id = v_user AND removed_at IS NULL;
  DELETE FROM refresh_token r USING token_family f, device d
    WHERE r.family_id = f.family_id AND f.device_id = d.device_id
      AND d.user_id = v_user;
  DELETE FROM presence p USING device d
    WHERE p.device_id = d.device_id AND d.user_id = v_user;
  DELETE FROM invitation WHERE user_id = v_user;
  UPDATE device SET name = 'erased' WHERE user_id = v_user;
  UPDATE account_log SET salt = decode(repeat('00', 32), 'hex'),
                         replaced_at = coalesce(replaced_at, now())
    WHERE user_id = v_user;
  UPDATE account SET username = 'erased.' || left(replace(gen_random_uuid()::text,
                                                          '-', ''), 24),
                     salt = '', password_hash = '',
                     suspended_at = coalesce(suspended_at, now()),
                     erased_at = now()
    WHERE user_id = v_user;
  PERFORM audit_append(admin_actor(p_token), 'erased', v_user, '');
  RETURN true;
END $$;

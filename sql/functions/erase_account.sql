-- Erases an account: what leads to the person goes, and what the sessions of others are
-- proved by stays, under an id and a name that are nobody's (docs/operations.md,
-- "Erasure"): its devices' ids, the fingerprint and the links of its logs, whose salts
-- go. In the record stays the hash, whose key goes. Returns whether there is such an
-- account.
--
-- At once it has no name and no passphrase, so nobody logs in, and its devices have ended, so
-- the keys of their sessions are due (docs/adr/0018). What is stored of it goes in pieces
-- (docs/adr/0089), the first one here, which for most accounts is all but what their requests were
-- called; end_accounts() and end_devices() do the others. The row goes last, so a login that was under way finds an account without that
-- passphrase, or none. The record is locked before the row goes, and after all else: all that is
-- recorded waits for it.
CREATE OR REPLACE FUNCTION erase_account(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_nobody uuid := gen_random_uuid();
  v_more boolean;
BEGIN
  SELECT user_id INTO v_user FROM account
    WHERE username = p_username AND erased_at IS NULL FOR UPDATE;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p,
                       suspended_at, erased_at)
    VALUES (v_nobody, nobodys_name(), '', '', 2, 1, 1, now(), now());
  UPDATE account SET username = nobodys_name(), salt = '', password_hash = '',
                     cost_n = 2, cost_r = 1, cost_p = 1, suspended_at = now(),
                     erased_at = now()
    WHERE user_id = v_user;
  INSERT INTO account_end (user_id, nobody) VALUES (v_user, v_nobody);
  DELETE FROM account_block WHERE by_user = v_user; -- a person has a few (block_account())
  PERFORM end_device(device_id) FROM device
    WHERE user_id = v_user AND removed_at IS NULL;
  v_more := end_account_piece(v_user) >= 1000;
  PERFORM audit_append(admin_actor(p_token, 'erase'), 'erased', v_user, '');
  IF NOT v_more THEN
    DELETE FROM account WHERE user_id = v_user;
  END IF;
  RETURN true;
END $$;

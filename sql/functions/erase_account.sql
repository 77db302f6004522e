-- Erases an account: what leads to the person goes, and what the sessions of others are
-- proved by stays, under an id and a name that are nobody's (docs/operations.md,
-- "Erasure"): its devices' ids, the fingerprint and the links of its logs, whose salts
-- go. In the record stays the hash, whose key goes. Returns whether there is such an
-- account.
--
-- Its devices end as any do, so the keys of their sessions are due (docs/adr/0018). The
-- row goes last: a login that is under way has no account then.
--
-- What its messages' requests were called goes first, while nothing is locked that others
-- need, and then once more for the messages that came meanwhile.
CREATE OR REPLACE FUNCTION erase_account(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_nobody uuid := gen_random_uuid();
  v_devices uuid[];
  v_sessions uuid[];
  v_ends bigint[];
BEGIN
  SELECT user_id INTO v_user FROM account
    WHERE username = p_username AND erased_at IS NULL;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  SELECT array_agg(device_id) INTO v_devices FROM device WHERE user_id = v_user;
  SELECT array_agg(s.session_id), array_agg(s.last_seq) INTO v_sessions, v_ends
    FROM session s WHERE s.session_id IN (
      SELECT session_id FROM session_member WHERE device_id = ANY (v_devices));
  UPDATE message e SET origin = ''
    FROM unnest(v_sessions) AS m (session_id)
    WHERE e.session_id = m.session_id AND e.sender = ANY (v_devices)
      AND e.origin <> '';
  PERFORM FROM account WHERE user_id = v_user AND erased_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p,
                       suspended_at, erased_at)
    VALUES (v_nobody, 'erased.' || left(replace(gen_random_uuid()::text, '-', ''), 24),
            '', '', 2, 1, 1, now(), now());
  SELECT array_agg(device_id) INTO v_devices FROM device WHERE user_id = v_user;
  PERFORM end_device(device_id) FROM device
    WHERE user_id = v_user AND removed_at IS NULL;
  DELETE FROM refresh_token r USING token_family f
    WHERE r.family_id = f.family_id AND f.device_id = ANY (v_devices);
  DELETE FROM presence WHERE device_id = ANY (v_devices);
  DELETE FROM invitation WHERE user_id = v_user;
  UPDATE invitation SET invited_by = v_nobody WHERE invited_by = v_user;
  DELETE FROM invitation_letter WHERE invited_by = v_user;
  UPDATE session SET creator = v_nobody WHERE creator = v_user;
  UPDATE message e SET origin = ''
    FROM session_member m
    LEFT JOIN unnest(v_sessions, v_ends) AS u (session_id, seq) USING (session_id)
    WHERE m.device_id = ANY (v_devices)
      AND e.session_id = m.session_id AND e.sender = m.device_id
      AND e.seq > coalesce(u.seq, 0) AND e.origin <> '';
  UPDATE device SET user_id = v_nobody, name = 'erased', created_at = now()
    WHERE user_id = v_user;
  UPDATE account_log SET user_id = v_nobody, salt = decode(repeat('00', 32), 'hex'),
                         replaced_at = coalesce(replaced_at, now())
    WHERE user_id = v_user;
  DELETE FROM allowance WHERE name IN (
    limit_name('sessions by ' || v_user), limit_name('invitations by ' || v_user),
    limit_name('claims of ' || v_user));
  PERFORM audit_append(admin_actor(p_token, 'erase'), 'erased', v_user, '');
  DELETE FROM account WHERE user_id = v_user;
  RETURN true;
END $$;

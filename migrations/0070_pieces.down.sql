SET LOCAL search_path = hermetic;

-- What was begun is done to its end.
DO $$
BEGIN
  WHILE end_accounts() > 0 LOOP
  END LOOP;
  WHILE end_devices() > 0 LOOP
  END LOOP;
END $$;

-- A device is out of one session (p_session), or of all of them (NULL): from now
-- on it is served nothing, and the keys are due. With p_seq, the departure's place
-- in the log, messages are refused until a commit has removed it.
--
-- It waits for a commit that is under way, as that does for it: the commit has not
-- seen who departs, and would take the rotation away.
--
-- Who changes how a member ends keeps the rule of docs/adr/0018: a row of `rotation` is
-- written in the same transaction and stays until a commit opens another epoch.
-- The writer does not ask the database again whether a member of the epoch is still one.
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid,
                       p_seq bigint DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
  count integer := 0;
  v_session uuid;
  v_now timestamptz := now();
BEGIN
  FOR v_session IN SELECT m.session_id FROM session_member m
                   WHERE m.device_id = p_device
                     AND (p_session IS NULL OR m.session_id = p_session)
                   ORDER BY m.session_id LOOP
    PERFORM FROM session s WHERE s.session_id = v_session FOR KEY SHARE;
  END LOOP;
  FOR gone IN
    UPDATE session_member
    SET departed_at = coalesce(departed_at, v_now), departed_seq = p_seq
    WHERE device_id = p_device AND departed_seq IS NULL
      AND (departed_at IS NULL OR p_seq IS NOT NULL)
      AND (p_session IS NULL OR session_id = p_session)
    RETURNING *
  LOOP
    IF p_seq IS NOT NULL THEN
      PERFORM make_due(gone.session_id, 'departure', interval '0');
      INSERT INTO member_end AS e (session_id, device_id, seq)
        VALUES (gone.session_id, p_device, p_seq)
        ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
    ELSE
      INSERT INTO rotation (session_id, reason, hard_at)
        VALUES (gone.session_id, 'revoked', 'infinity')
        ON CONFLICT DO NOTHING;
    END IF;
    count := count + 1;
  END LOOP;
  RETURN count;
END $$;

-- For nodes from before, who know no departure in the log. It goes with a later
-- migration, as does the table `departure`.
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid, p_reason text,
                                  p_proof bytea)
RETURNS integer LANGUAGE sql SET search_path = hermetic AS $$
  SELECT depart(p_session, p_device, NULL::bigint)
$$;

-- A device is out: its tokens and KeyPackages go with it, and it is served nothing
-- more of any session. Gives the families of tokens that ended. That the
-- keys of its sessions are due is depart()'s part (docs/adr/0018).
CREATE OR REPLACE FUNCTION end_device(p_device uuid)
RETURNS uuid[] LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  families uuid[];
BEGIN
  UPDATE device SET removed_at = now()
    WHERE device_id = p_device AND removed_at IS NULL;
  IF NOT FOUND THEN
    RETURN '{}';
  END IF;
  WITH ended AS (
    UPDATE token_family SET revoked_at = now()
    WHERE device_id = p_device AND revoked_at IS NULL
    RETURNING family_id)
  SELECT coalesce(array_agg(family_id), '{}') INTO families FROM ended;
  DELETE FROM key_package WHERE device_id = p_device;
  DELETE FROM welcome WHERE device_id = p_device;
  DELETE FROM device_request WHERE device_id = p_device;
  PERFORM depart(NULL, p_device);
  RETURN families;
END $$;

-- The devices of these numbers stand in their account's log: those that a link had ended are
-- devices again. Their tokens have ended for good, so they have to log in. One that an
-- operator has ended, or that went with its account, stays ended.
CREATE OR REPLACE FUNCTION devices_again(p_fingerprint bytea, p_standing bigint[])
RETURNS void LANGUAGE sql SET search_path = hermetic AS $$
  WITH again AS (
    UPDATE device d SET removed_at = NULL, removed_by_link = false
    WHERE fingerprint = p_fingerprint AND removed_by_link
      AND link_number = ANY (p_standing)
      AND NOT EXISTS (SELECT FROM account a
                      WHERE a.user_id = d.user_id AND a.erased_at IS NOT NULL)
    RETURNING device_id)
  UPDATE session_member m SET departed_at = NULL
    FROM again WHERE m.device_id = again.device_id AND m.departed_seq IS NULL
$$;

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

-- A refresh token is good once. Used again it has been stolen, or its owner
-- has been: the whole family ends. But within p_grace it gives the answer of before, as
-- long as that has not been used itself: p_new is made of the old token, so it is the
-- same one. `ended`: the family ended by this call, and not before.
-- With p_rate, a family gets no more new tokens in a minute (`too-many-requests`; `wait`
-- says how many seconds): the token is not used then. Used tokens stay until they expire, since
-- whoever uses one again tells of a theft; of a family that ended so one stays.
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz, p_grace interval, p_rate bigint,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text, OUT ended boolean, OUT wait integer)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  t refresh_token%ROWTYPE;
  v_suspended boolean;
  v_until timestamptz;
BEGIN
  ended := false;
  SELECT * INTO t FROM refresh_token r WHERE r.token_hash = p_old FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  IF t.used_at IS NOT NULL
     AND (t.used_at <= now() - p_grace
          OR NOT EXISTS (SELECT FROM refresh_token r
                         WHERE r.token_hash = p_new AND r.used_at IS NULL
                           AND r.family_id = t.family_id)) THEN
    UPDATE token_family f SET revoked_at = now()
      WHERE f.family_id = t.family_id AND f.revoked_at IS NULL
      RETURNING f.family_id INTO rotate_refresh_token.family_id;
    ended := FOUND;
    IF ended THEN
      DELETE FROM refresh_token WHERE token_hash IN (
        SELECT r.token_hash FROM refresh_token r
        WHERE r.family_id = t.family_id AND r.token_hash <> p_old
        FOR UPDATE SKIP LOCKED);
    END IF;
    outcome := 'refresh-reused';
    RETURN;
  END IF;
  SELECT f.family_id, d.device_id, a.user_id, a.username, a.suspended_at IS NOT NULL
    INTO rotate_refresh_token.family_id, rotate_refresh_token.device_id,
         rotate_refresh_token.user_id, rotate_refresh_token.username, v_suspended
    FROM token_family f
    JOIN device d ON d.device_id = f.device_id
    JOIN account a ON a.user_id = d.user_id
    WHERE f.family_id = t.family_id AND f.revoked_at IS NULL
      AND d.removed_at IS NULL AND t.expires_at > now();
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  IF v_suspended THEN
    outcome := 'account-suspended';
    RETURN;
  END IF;
  outcome := 'ok';
  IF t.used_at IS NOT NULL THEN
    RETURN;
  END IF;
  IF p_rate > 0 THEN
    SELECT r.used_at + interval '1 minute' INTO v_until FROM refresh_token r
      WHERE r.family_id = t.family_id AND r.used_at IS NOT NULL
      ORDER BY r.used_at DESC OFFSET p_rate - 1 LIMIT 1;
    IF v_until > now() THEN
      outcome := 'too-many-requests';
      wait := ceil(extract(epoch FROM v_until - now()));
      RETURN;
    END IF;
  END IF;
  UPDATE refresh_token r SET used_at = now() WHERE r.token_hash = p_old;
  INSERT INTO refresh_token (token_hash, family_id, expires_at)
    VALUES (p_new, t.family_id, p_expires_at);
END $$;

-- For nodes from before, which know no rate.
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz, p_grace interval,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text)
LANGUAGE sql SET search_path = hermetic AS $$
  SELECT r.outcome, r.family_id, r.device_id, r.user_id, r.username
  FROM rotate_refresh_token(p_old, p_new, p_expires_at, p_grace, 0) r;
$$;

-- For nodes from before, which know no grace.
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text)
LANGUAGE sql SET search_path = hermetic AS $$
  SELECT r.outcome, r.family_id, r.device_id, r.user_id, r.username
  FROM rotate_refresh_token(p_old, p_new, p_expires_at, interval '0', 0) r;
$$;

-- A token that lets p_uses people register in the next p_seconds; p_hash is its SHA-256.
CREATE OR REPLACE FUNCTION admin_token(p_hash bytea, p_uses integer, p_seconds bigint,
                                       p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO registration_token (token_hash, uses_left, expires_at)
    VALUES (p_hash, p_uses, now() + make_interval(secs => p_seconds));
  DELETE FROM registration_token WHERE expires_at < now();
  PERFORM audit_append(admin_actor(p_token, 'write'), 'registration-token',
                       '00000000-0000-0000-0000-000000000000',
                       p_uses || ' uses');
  RETURN true;
END $$;

REVOKE SELECT (name) ON held_name FROM hermetic_rotation;
DROP FUNCTION forget_names, end_device_piece, end_devices, nobodys_name,
  end_account_piece, end_accounts, drop_sessions;
DROP TABLE account_end, device_end;

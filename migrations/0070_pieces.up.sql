-- What grows with what is stored is done in pieces (docs/adr/0089): the end of a device, the
-- erasure of an account, and what is left of a session that has ended.
SET LOCAL search_path = hermetic;

-- Devices that have ended, and of which something is left to do. Sessions up to left_session it
-- is out of; of an account that is erased, what its requests were called is gone up to the entry
-- named_seq of named_session.
CREATE TABLE device_end (
  device_id     uuid PRIMARY KEY REFERENCES device ON DELETE CASCADE,
  erased        boolean NOT NULL DEFAULT false,
  since         timestamptz NOT NULL DEFAULT now(),
  left_session  uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  named_session uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  named_seq     bigint NOT NULL DEFAULT 0
);
CREATE INDEX device_end_next ON device_end (since, device_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON device_end TO hermetic_api;

-- Accounts that are being erased, and the one of no name that takes the place of each.
CREATE TABLE account_end (
  user_id uuid PRIMARY KEY REFERENCES account ON DELETE CASCADE,
  nobody  uuid NOT NULL REFERENCES account,
  since   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX account_end_next ON account_end (since, user_id);

-- What the requests of a device's messages were called goes, behind the entry p_seq of
-- p_session, in the order of sessions and of their logs. `looked`: how many entries and
-- sessions it has looked at, p_most of them or a few more; fewer: it has come to the end.
-- `session_id` and `seq`: how far it has come.
CREATE OR REPLACE FUNCTION forget_names(
  p_device uuid, p_session uuid, p_seq bigint, p_most integer,
  OUT looked bigint, OUT session_id uuid, OUT seq bigint)
LANGUAGE plpgsql SET search_path = hermetic, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
  v_session uuid := p_session;
  v_seq bigint := p_seq;
  v_next uuid;
  v_found bigint;
  v_upto bigint;
  v_left bigint := p_most;
BEGIN
  WHILE v_left > 0 LOOP
    SELECT count(*), max(m.seq) INTO v_found, v_upto
      FROM (SELECT o.seq FROM message o
            WHERE o.session_id = v_session AND o.seq > v_seq
            ORDER BY o.seq LIMIT v_left) m;
    IF v_found > 0 THEN
      UPDATE message e SET origin = ''
        WHERE e.session_id = v_session AND e.seq > v_seq AND e.seq <= v_upto
          AND e.sender = p_device AND e.origin <> '';
      v_seq := v_upto;
      v_left := v_left - v_found;
      CONTINUE;
    END IF;
    SELECT m.session_id INTO v_next FROM session_member m
      WHERE m.device_id = p_device AND m.session_id > v_session
      ORDER BY m.session_id LIMIT 1;
    EXIT WHEN NOT FOUND;
    v_session := v_next;
    v_seq := 0;
    v_left := v_left - 1;
  END LOOP;
  looked := p_most - v_left;
  session_id := v_session;
  seq := v_seq;
END $$;

-- The next piece of what is of a device that has ended: at most a thousand rows of each kind.
-- Its sessions, in the order of their ids: that their keys are due is depart()'s part
-- (docs/adr/0018). Its KeyPackages and Welcomes. Of an account that is erased also its refresh
-- tokens, and what its messages' requests were called. Returns how many rows it looked at of the
-- kind of which there are most; fewer than a thousand: nothing is left.
--
-- Row by row, by the whole key of each: wherever it is (docs/adr/0091), and without a plan that
-- reads all that a device has. By its settings an index is read no further than for the piece.
CREATE OR REPLACE FUNCTION end_device_piece(p_device uuid)
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  c_most CONSTANT integer := 1000;
  d device_end%ROWTYPE;
  v_row record;
  v_counts bigint[] := '{0,0,0,0}';
  v_looked bigint;
BEGIN
  SELECT * INTO d FROM device_end WHERE device_id = p_device FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  FOR v_row IN SELECT session_id FROM session_member
               WHERE device_id = p_device AND session_id > d.left_session
               ORDER BY session_id LIMIT c_most LOOP
    PERFORM depart(v_row.session_id, p_device);
    d.left_session := v_row.session_id;
    v_counts[1] := v_counts[1] + 1;
  END LOOP;
  FOR v_row IN SELECT key_package_id FROM key_package
               WHERE device_id = p_device LIMIT c_most LOOP
    DELETE FROM key_package WHERE key_package_id = v_row.key_package_id;
    v_counts[2] := v_counts[2] + 1;
  END LOOP;
  FOR v_row IN SELECT session_id, welcome_id FROM welcome
               WHERE device_id = p_device LIMIT c_most LOOP
    DELETE FROM welcome
      WHERE session_id = v_row.session_id AND welcome_id = v_row.welcome_id;
    v_counts[3] := v_counts[3] + 1;
  END LOOP;
  IF d.erased THEN
    FOR v_row IN SELECT r.token_hash FROM token_family f
                 CROSS JOIN LATERAL (SELECT o.token_hash FROM refresh_token o
                                     WHERE o.family_id = f.family_id LIMIT c_most) r
                 WHERE f.device_id = p_device LIMIT c_most LOOP
      DELETE FROM refresh_token WHERE token_hash = v_row.token_hash;
      v_counts[4] := v_counts[4] + 1;
    END LOOP;
    DELETE FROM presence WHERE device_id = p_device;
  END IF;
  v_looked := (SELECT max(u.n) FROM unnest(v_counts) AS u(n));
  -- When it is out of its sessions. Not in the transaction that ends it: what it was just sending
  -- is there afterwards, and nobody waits for an account while messages are read.
  IF d.erased AND v_looked < c_most AND d.since = now() THEN
    v_looked := c_most;
  ELSIF d.erased AND v_looked < c_most THEN
    SELECT n.looked, n.session_id, n.seq INTO v_looked, d.named_session, d.named_seq
      FROM forget_names(p_device, d.named_session, d.named_seq, c_most) n;
  END IF;
  IF v_looked < c_most THEN
    DELETE FROM device_end WHERE device_id = p_device;
  ELSE
    UPDATE device_end SET left_session = d.left_session,
                          named_session = d.named_session, named_seq = d.named_seq
      WHERE device_id = p_device;
  END IF;
  RETURN v_looked;
END $$;

-- Goes on with devices that have ended (end_device_piece()), those first that were begun first.
-- Returns how many rows it looked at: a thousand or more when there may be more to do. As its
-- owner: the worker's role reads no message.
CREATE OR REPLACE FUNCTION end_devices()
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  v_device uuid;
  v_looked bigint := 0;
BEGIN
  FOR v_device IN SELECT device_id FROM device_end ORDER BY since, device_id LIMIT 1000 LOOP
    v_looked := v_looked + 1 + end_device_piece(v_device);
    EXIT WHEN v_looked >= 1000;
  END LOOP;
  RETURN v_looked;
END $$;

-- A name that nobody can register, for what is left of an account that was erased.
CREATE OR REPLACE FUNCTION nobodys_name()
RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT 'erased.' || left(replace(gen_random_uuid()::text, '-', ''), 24)
$$;

-- The next piece of what is of an account that is being erased: at most a thousand rows of each
-- kind. What others need goes over to the account of no name that takes its place. Returns how many
-- rows it touched of the kind of which there are most; fewer than a thousand: nothing refers to
-- the account any more, and its row can go.
--
-- Row by row, and by an index that is read no further, as in end_device_piece().
CREATE OR REPLACE FUNCTION end_account_piece(p_user uuid)
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  c_most CONSTANT integer := 1000;
  v_nobody uuid;
  v_row record;
  v_devices uuid[];
  v_counts bigint[] := '{0,0,0,0,0,0,0}';
BEGIN
  SELECT nobody INTO v_nobody FROM account_end WHERE user_id = p_user
    FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;

  v_devices := ARRAY(SELECT device_id FROM device WHERE user_id = p_user LIMIT c_most);
  FOR v_row IN SELECT u.id FROM unnest(v_devices) AS u(id) LOOP
    INSERT INTO device_end AS e (device_id, erased) VALUES (v_row.id, true)
      ON CONFLICT (device_id) DO UPDATE SET erased = true;
    UPDATE device SET user_id = v_nobody, name = 'erased', created_at = now()
      WHERE device_id = v_row.id;
    v_counts[1] := v_counts[1] + 1;
  END LOOP;
  -- a person with few devices leaves nothing for the worker to do
  IF cardinality(v_devices) <= 16 THEN
    PERFORM end_device_piece(u.id) FROM unnest(v_devices) AS u(id);
  END IF;

  FOR v_row IN SELECT session_id FROM invitation
               WHERE user_id = p_user LIMIT c_most LOOP
    DELETE FROM invitation_letter
      WHERE session_id = v_row.session_id AND user_id = p_user;
    DELETE FROM invitation WHERE session_id = v_row.session_id AND user_id = p_user;
    v_counts[2] := v_counts[2] + 1;
  END LOOP;
  FOR v_row IN SELECT session_id, user_id FROM invitation
               WHERE invited_by = p_user LIMIT c_most LOOP
    UPDATE invitation SET invited_by = v_nobody
      WHERE session_id = v_row.session_id AND user_id = v_row.user_id;
    v_counts[3] := v_counts[3] + 1;
  END LOOP;
  FOR v_row IN SELECT session_id, user_id, fingerprint FROM invitation_letter
               WHERE invited_by = p_user LIMIT c_most LOOP
    DELETE FROM invitation_letter
      WHERE session_id = v_row.session_id AND user_id = v_row.user_id
        AND fingerprint = v_row.fingerprint;
    v_counts[4] := v_counts[4] + 1;
  END LOOP;
  FOR v_row IN SELECT session_id FROM session WHERE creator = p_user LIMIT c_most LOOP
    UPDATE session SET creator = v_nobody WHERE session_id = v_row.session_id;
    v_counts[5] := v_counts[5] + 1;
  END LOOP;
  FOR v_row IN SELECT by_user FROM account_block WHERE blocked = p_user LIMIT c_most LOOP
    DELETE FROM account_block WHERE blocked = p_user AND by_user = v_row.by_user;
    v_counts[6] := v_counts[6] + 1;
  END LOOP;
  FOR v_row IN SELECT fingerprint FROM account_log WHERE user_id = p_user LIMIT c_most LOOP
    UPDATE account_log SET user_id = v_nobody, salt = decode(repeat('00', 32), 'hex'),
                           replaced_at = coalesce(replaced_at, now())
      WHERE fingerprint = v_row.fingerprint;
    v_counts[7] := v_counts[7] + 1;
  END LOOP;
  DELETE FROM allowance WHERE name IN (
    limit_name('sessions by ' || p_user), limit_name('invitations by ' || p_user),
    limit_name('claims of ' || p_user));
  RETURN (SELECT max(u.n) FROM unnest(v_counts) AS u(n));
END $$;

-- Goes on with an account that is being erased, the oldest first (end_account_piece()), and
-- drops its row when nothing refers to it any more. Returns how many rows it touched: a
-- thousand or more when there is more to do. As its owner: the worker's role reads no account.
CREATE OR REPLACE FUNCTION end_accounts()
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  v_user uuid;
  v_touched bigint;
BEGIN
  SELECT user_id INTO v_user FROM account_end ORDER BY since, user_id LIMIT 1;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  v_touched := end_account_piece(v_user);
  IF v_touched < 1000 THEN
    DELETE FROM account WHERE user_id = v_user;
  END IF;
  RETURN greatest(v_touched, 1);
END $$;

-- What is left of sessions that ended p_seconds ago and whose messages have gone, a thousand
-- rows of each kind at a time; a session's row goes last. Returns how many rows have gone: a
-- thousand or more when there may be more to do. As its owner, who can take rows away from
-- every table that is of a session.
CREATE OR REPLACE FUNCTION drop_sessions(p_seconds bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  c_most CONSTANT integer := 1000;
  v_session uuid;
  v_part text[];
  v_more boolean;
  v_count bigint := 0;
  n bigint;
BEGIN
  FOR v_session IN SELECT s.session_id FROM session s
                   WHERE s.ended_at < now() - make_interval(secs => p_seconds)
                     AND NOT EXISTS (SELECT FROM message m
                                     WHERE m.session_id = s.session_id)
                   ORDER BY s.ended_at LIMIT c_most LOOP
    v_more := false;
    FOREACH v_part SLICE 1 IN ARRAY ARRAY[
      ['message_expiry', 'seq'], ['member_end', 'device_id'],
      ['first_group_info', 'generation'], ['invitation_letter', 'user_id'],
      ['invitation', 'user_id'], ['welcome', 'welcome_id'],
      ['session_member', 'device_id'], ['group_info', 'session_id']] LOOP
      EXECUTE format('DELETE FROM %1$I WHERE session_id = $1 AND %2$I = ANY (ARRAY(
                        SELECT %2$I FROM %1$I WHERE session_id = $1 LIMIT %3$s))',
                     v_part[1], v_part[2], c_most) USING v_session;
      GET DIAGNOSTICS n = ROW_COUNT;
      v_count := v_count + n;
      v_more := v_more OR n >= c_most;
      EXIT WHEN v_more;
    END LOOP;
    EXIT WHEN v_more;
    DELETE FROM session WHERE session_id = v_session;
    v_count := v_count + 1;
    EXIT WHEN v_count >= c_most;
  END LOOP;
  RETURN v_count;
END $$;

-- A device is out of a session: from now on it is served nothing, and the keys are due. With
-- p_seq, the departure's place in the log, messages are refused until a commit has removed it.
-- Returns of how many sessions: none, when it was out before.
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
  v_now timestamptz := now();
BEGIN
  PERFORM FROM session_member m
    WHERE m.session_id = p_session AND m.device_id = p_device;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  PERFORM FROM session s WHERE s.session_id = p_session FOR KEY SHARE;
  UPDATE session_member
    SET departed_at = coalesce(departed_at, v_now), departed_seq = p_seq
    WHERE session_id = p_session AND device_id = p_device AND departed_seq IS NULL
      AND (departed_at IS NULL OR p_seq IS NOT NULL);
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  IF p_seq IS NOT NULL THEN
    PERFORM make_due(p_session, 'departure', interval '0');
    INSERT INTO member_end AS e (session_id, device_id, seq)
      VALUES (p_session, p_device, p_seq)
      ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
  ELSE
    INSERT INTO rotation (session_id, reason, hard_at)
      VALUES (p_session, 'revoked', 'infinity')
      ON CONFLICT DO NOTHING;
  END IF;
  RETURN 1;
END $$;

-- For nodes from before, who know no departure in the log. It goes with a later
-- migration, as does the table `departure`.
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid, p_reason text,
                                  p_proof bytea)
RETURNS integer LANGUAGE sql SET search_path = hermetic AS $$
  SELECT depart(p_session, p_device, NULL::bigint)
$$;

-- A device is out: its tokens and KeyPackages go with it, and it is served nothing
-- more of any session. Gives the families of tokens that ended. What is of the device goes
-- in pieces, the first one at once (end_device_piece()).
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
  DELETE FROM device_request WHERE device_id = p_device;
  INSERT INTO device_end (device_id) VALUES (p_device)
    ON CONFLICT (device_id) DO UPDATE SET left_session = excluded.left_session;
  PERFORM end_device_piece(p_device);
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
    RETURNING device_id
  ), stopped AS (
    DELETE FROM device_end e USING again WHERE e.device_id = again.device_id)
  UPDATE session_member m SET departed_at = NULL
    FROM again WHERE m.device_id = again.device_id AND m.departed_seq IS NULL
$$;

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
        LIMIT 1000 FOR UPDATE SKIP LOCKED); -- others go when they expire
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
  DELETE FROM registration_token WHERE token_hash IN (
    SELECT token_hash FROM registration_token WHERE expires_at < now() LIMIT 1000);
  PERFORM audit_append(admin_actor(p_token, 'write'), 'registration-token',
                       '00000000-0000-0000-0000-000000000000',
                       p_uses || ' uses');
  RETURN true;
END $$;

REVOKE ALL ON FUNCTION forget_names, end_device_piece, end_devices, nobodys_name,
  end_account_piece, end_accounts, drop_sessions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_device_piece, forget_names TO hermetic_api;
GRANT EXECUTE ON FUNCTION end_devices, end_accounts, drop_sessions TO hermetic_rotation;
GRANT SELECT (name) ON held_name TO hermetic_rotation;

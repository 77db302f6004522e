SET LOCAL search_path = hermetic;

DROP FUNCTION commit_context, first_group_info_of, invite, list_invitations, list_sessions, page_handshake, take_commit;

-- A commit: one an epoch, first come first served. p_sender_leaf is NULL for an
-- external commit. p_nonce is the start of its SHA-256, by which begin_entry() knows the
-- same bytes again. p_departures is how many members had departed when the commit was
-- checked; NULL: a node from before does not say.
--
-- Either p_group_info is the whole GroupInfo that the commit leads to, or p_part is the
-- part of it that nobody but its signer can make (docs/adr/0044): then the whole one that
-- is kept stays, and the commits since are what leads on from it.
--
-- A member whom it removes ends by the new epoch: no writer believes an end of the
-- log that is of another epoch (docs/adr/0018), so the keys need not be due.
CREATE OR REPLACE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  p_departures bigint DEFAULT NULL, p_part bytea DEFAULT NULL,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  came uuid[];
BEGIN
  SELECT b.outcome, b.seq, b.head, b.epoch INTO outcome, seq, head, epoch
    FROM begin_entry(p_session, p_device,
                     CASE WHEN p_sender_leaf IS NULL THEN p_user END, p_epoch,
                     p_nonce, p_commit, ARRAY[p_device]) b;
  IF outcome IS NOT NULL THEN
    IF outcome = 'duplicate' THEN
      epoch := epoch + 1;
    END IF;
    RETURN;
  END IF;
  -- what it was checked against has changed
  IF p_departures <> (SELECT count(*) FROM departed_member d
                      WHERE d.session_id = p_session) THEN
    outcome := 'epoch-changed';
    RETURN;
  END IF;
  outcome := 'commit-invalid';
  IF p_sender_leaf IS NOT NULL
     AND NOT EXISTS (SELECT FROM session_member m
                     WHERE m.session_id = p_session
                       AND m.device_id = p_device
                       AND m.leaf_index = p_sender_leaf) THEN
    RETURN;
  END IF;
  -- an external commit may remove nobody but an earlier self (12.4.3.2)
  IF (SELECT count(*) FROM session_member m
      WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed)
        AND (p_sender_leaf IS NOT NULL OR m.device_id = p_device))
     <> cardinality(p_removed) THEN
    RETURN;
  END IF;
  IF NOT devices_have_names(p_added, p_added_names) THEN
    RETURN;
  END IF;

  DELETE FROM invitation i
    WHERE i.session_id = p_session AND p_sender_leaf IS NOT NULL
      AND i.user_id <> p_user
      AND i.user_id IN (SELECT d.user_id FROM session_member m
                        JOIN device d USING (device_id)
                        WHERE m.session_id = p_session
                          AND m.leaf_index = ANY (p_removed)
                          AND m.departed_at IS NULL);
  INSERT INTO member_end AS e (session_id, device_id, seq)
    SELECT p_session, m.device_id, append_commit.seq + 1 FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed)
      AND m.departed_at IS NULL
    ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
  DELETE FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed);
  IF EXISTS (SELECT FROM session_member m
             WHERE m.session_id = p_session
               AND (m.device_id = ANY (p_added)
                    OR p_sender_leaf IS NULL AND m.device_id = p_device)) THEN
    RAISE EXCEPTION 'a device is in the session already'
      USING ERRCODE = 'unique_violation';
  END IF;
  came := p_added;
  IF p_sender_leaf IS NULL THEN
    came := came || p_device;
  END IF;
  INSERT INTO session_member (session_id, device_id, leaf_index)
    SELECT p_session, i.device, l.leaf
    FROM unnest(came) WITH ORDINALITY AS i(device, n)
    JOIN free_leaves(p_session, cardinality(came)) AS l USING (n);

  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 2::smallint, p_epoch, p_device, p_nonce, p_commit,
                   seq, head) e;
  UPDATE session SET epoch = p_epoch + 1, last_seq = append_commit.seq,
                     head = append_commit.head,
                     epoch_at = CASE WHEN p_path THEN now() ELSE epoch_at END,
                     epoch_seq = CASE WHEN p_path THEN append_commit.seq
                                      ELSE epoch_seq END
    WHERE session_id = p_session;
  IF p_part IS NULL THEN
    PERFORM put_group_info(p_session, p_epoch + 1, seq, head, p_group_info);
  ELSE
    UPDATE group_info g SET part = p_part, since = since || append_commit.seq,
                            since_bytes = since_bytes + length(p_commit),
                            last_head = append_commit.head
      WHERE g.session_id = p_session;
  END IF;
  IF p_path AND NOT EXISTS (SELECT FROM departed_member m
                            WHERE m.session_id = p_session) THEN
    DELETE FROM rotation r
      WHERE r.session_id = p_session AND r.reason <> 'algorithm';
  END IF;
  IF p_welcome IS NOT NULL THEN
    INSERT INTO welcome (session_id, device_id, seq, head, welcome)
      SELECT p_session, d, append_commit.seq, append_commit.head, p_welcome
      FROM unnest(p_added) d;
  END IF;
  epoch := p_epoch + 1;
  outcome := 'ok';
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
BEGIN
  PERFORM FROM session
    WHERE session_id IN (SELECT m.session_id FROM session_member m
                         WHERE m.device_id = p_device
                           AND (p_session IS NULL OR m.session_id = p_session))
    ORDER BY session_id FOR KEY SHARE;
  FOR gone IN
    UPDATE session_member
    SET departed_at = coalesce(departed_at, now()), departed_seq = p_seq
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

-- Who may join from outside: anyone if the session is open, the invited, and another
-- device of a user who is in it and has not departed. That a device of the user was
-- revoked is no departure: its leaf is there until a commit has removed it, and by its
-- account's log it may be the leaf of a thief (docs/adr/0047).
CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT EXISTS (SELECT FROM session
                 WHERE session_id = p_session AND join_policy = 'open')
      OR EXISTS (SELECT FROM invitation
                 WHERE session_id = p_session AND user_id = p_user)
      OR EXISTS (SELECT FROM session_member m JOIN device USING (device_id)
                 WHERE m.session_id = p_session AND user_id = p_user
                   AND m.departed_seq IS NULL)
$$;

-- A session moves to another algorithm (RFC 9420, 11.2): the ReInit that ends its group
-- and the Welcome to the next one, as two entries of the log, one after the other. The
-- members stay; p_devices, p_names and p_leaves are those of the new group's tree.
CREATE OR REPLACE FUNCTION move_session(
  p_session uuid, p_device uuid, p_epoch bigint, p_sender_leaf integer,
  p_algorithm text, p_new_epoch bigint, p_devices uuid[], p_names text[],
  p_leaves integer[], p_nonces bytea[], p_commit bytea, p_welcome bytea,
  p_group_info bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  -- the Welcome stands where the ReInit does
  SELECT b.outcome, b.seq, b.head, b.epoch INTO outcome, seq, head, epoch
    FROM begin_entry(p_session, p_device, NULL, p_epoch, p_nonces[2], p_welcome,
                     ARRAY[p_device]) b;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  outcome := 'commit-invalid';
  -- the same devices as before, each under its own name, none departed
  IF NOT EXISTS (SELECT FROM session_member m
                 WHERE m.session_id = p_session AND m.device_id = p_device
                   AND m.leaf_index = p_sender_leaf)
     OR (SELECT count(*) FROM session_member m
         WHERE m.session_id = p_session) <> cardinality(p_devices)
     OR (SELECT count(DISTINCT i.device)
         FROM unnest(p_devices) AS i(device)
         JOIN active_member m
           ON m.session_id = p_session AND m.device_id = i.device)
        <> cardinality(p_devices)
     OR NOT devices_have_names(p_devices, p_names) THEN
    RETURN;
  END IF;

  UPDATE session_member m SET leaf_index = i.leaf
    FROM unnest(p_devices, p_leaves) AS i(device, leaf)
    WHERE m.session_id = p_session AND m.device_id = i.device;
  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 2::smallint, p_epoch, p_device, p_nonces[1], p_commit,
                   seq, head) e;
  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 3::smallint, p_new_epoch, p_device, p_nonces[2],
                   p_welcome, seq, head) e;
  UPDATE session SET algorithm = p_algorithm, epoch = p_new_epoch,
                     last_seq = move_session.seq, head = move_session.head,
                     epoch_at = now(), epoch_seq = move_session.seq
    WHERE session_id = p_session;
  PERFORM put_group_info(p_session, p_new_epoch, seq, head, p_group_info);
  INSERT INTO first_group_info (session_id, generation, epoch, seq, head,
                                group_info)
    VALUES (p_session, (p_new_epoch >> 32)::integer, p_new_epoch,
            move_session.seq, move_session.head, p_group_info);
  DELETE FROM rotation r WHERE r.session_id = p_session;
  -- those of the old group lead nowhere
  DELETE FROM welcome w WHERE w.session_id = p_session;
  epoch := p_new_epoch;
  outcome := 'ok';
END $$;

-- Behind the commit of a member of a session that says whom it invites
-- (docs/adr/0059): p_invited has their fingerprints in hexadecimal, and nobody else is
-- invited any more. How many were. A function, so that it sees what append_commit() has
-- taken away.
CREATE OR REPLACE FUNCTION uninvite(p_session uuid, p_invited text[])
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_count bigint;
BEGIN
  DELETE FROM invitation i
  WHERE i.session_id = p_session
    AND NOT EXISTS (SELECT FROM account_log l
                    WHERE l.user_id = i.user_id
                      AND encode(l.fingerprint, 'hex') = ANY (p_invited));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- What must happen as one step and takes more than one statement.

SET LOCAL search_path = hermetic;

-- Leaf 0 at epoch 0, the GroupInfo and the invitations.
CREATE FUNCTION create_session(
  p_session uuid, p_user uuid, p_device uuid, p_algorithm text,
  p_join_policy text, p_group_info bytea, p_invite text[],
  OUT outcome text, OUT head bytea, OUT created_at timestamptz,
  OUT unknown_username text)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  head := sha256('hermetic chain 1'::bytea || uuid_send(p_session));
  created_at := now();
  SELECT u INTO unknown_username FROM unnest(p_invite) u
    WHERE NOT EXISTS (SELECT FROM account a WHERE a.username = u) LIMIT 1;
  IF unknown_username IS NOT NULL THEN
    outcome := 'no-such-user';
    RETURN;
  END IF;
  INSERT INTO session (session_id, algorithm, creator, join_policy, epoch,
                       last_seq, head, created_at)
    VALUES (p_session, p_algorithm, p_user, p_join_policy, 0, 0,
            create_session.head, create_session.created_at)
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    outcome := 'session-exists';
    RETURN;
  END IF;
  INSERT INTO group_info VALUES (p_session, 0, p_group_info);
  INSERT INTO session_member (session_id, device_id, leaf_index)
    VALUES (p_session, p_device, 0);
  INSERT INTO invitation (session_id, user_id, invited_by)
    SELECT p_session, a.user_id, p_user FROM account a
    WHERE a.username = ANY (p_invite)
    ON CONFLICT DO NOTHING;
  outcome := 'ok';
END $$;

-- The leftmost free leaf (RFC 9420, 7.7).
CREATE FUNCTION free_leaf(p_session uuid) RETURNS integer
LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT CASE
    WHEN NOT EXISTS (SELECT FROM session_member
                     WHERE session_id = p_session AND leaf_index = 0) THEN 0
    ELSE (SELECT min(m.leaf_index) + 1 FROM session_member m
          WHERE m.session_id = p_session
            AND NOT EXISTS (SELECT FROM session_member n
                            WHERE n.session_id = p_session
                              AND n.leaf_index = m.leaf_index + 1))
  END
$$;

-- Who may join from outside: anyone if open, the invited, and another device
-- of somebody who is in.
CREATE FUNCTION may_join(p_session uuid, p_user uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT EXISTS (SELECT FROM session
                 WHERE session_id = p_session AND join_policy = 'open')
      OR EXISTS (SELECT FROM invitation
                 WHERE session_id = p_session AND user_id = p_user)
      OR EXISTS (SELECT FROM session_member m JOIN device USING (device_id)
                 WHERE m.session_id = p_session AND user_id = p_user)
$$;

-- A commit: one per epoch, first come first served. p_sender_leaf is NULL for
-- an external commit. p_nonce is the start of its SHA-256: the same bytes
-- again give the first answer.
CREATE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
  added uuid;
BEGIN
  SELECT * INTO s FROM session WHERE session_id = p_session FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'no-session';
    RETURN;
  END IF;
  epoch := s.epoch;

  SELECT m.seq, m.head, m.epoch + 1 INTO append_commit.seq, append_commit.head,
         append_commit.epoch
    FROM message m
    WHERE m.session_id = p_session AND m.nonce = p_nonce
      AND m.envelope = p_commit AND m.sender = p_device;
  IF FOUND THEN
    outcome := 'duplicate';
    RETURN;
  END IF;
  epoch := s.epoch;

  IF p_sender_leaf IS NULL THEN
    IF NOT may_join(p_session, p_user) THEN
      outcome := 'not-invited';
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM session_member m
                    WHERE m.session_id = p_session
                      AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  END IF;
  IF p_epoch <> s.epoch THEN
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
  -- a credential must name the account that its device belongs to
  IF (SELECT count(*) FROM unnest(p_added, p_added_names) AS i(device, name)
      JOIN device d ON d.device_id = i.device AND d.removed_at IS NULL
      JOIN account a ON a.user_id = d.user_id AND a.username = i.name)
     <> cardinality(p_added) THEN
    RETURN;
  END IF;

  DELETE FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed);
  IF EXISTS (SELECT FROM session_member m
             WHERE m.session_id = p_session
               AND m.device_id = ANY (p_added)) THEN
    RAISE EXCEPTION 'a device is in the session already'
      USING ERRCODE = 'unique_violation';
  END IF;
  FOREACH added IN ARRAY p_added LOOP
    INSERT INTO session_member (session_id, device_id, leaf_index)
      VALUES (p_session, added, free_leaf(p_session));
  END LOOP;
  IF p_sender_leaf IS NULL THEN
    INSERT INTO session_member (session_id, device_id, leaf_index)
      VALUES (p_session, p_device, free_leaf(p_session));
  END IF;

  seq := s.last_seq + 1;
  head := chain_next(s.head, seq, 2::smallint, p_commit);
  INSERT INTO message VALUES (p_session, append_commit.seq, 2, p_epoch,
                              p_device, p_nonce, p_commit, append_commit.head,
                              now());
  UPDATE session SET epoch = p_epoch + 1, last_seq = append_commit.seq,
                     head = append_commit.head
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_epoch + 1, group_info = p_group_info
    WHERE g.session_id = p_session;
  IF p_welcome IS NOT NULL THEN
    INSERT INTO welcome (session_id, device_id, seq, head, welcome)
      SELECT p_session, d, append_commit.seq, append_commit.head, p_welcome
      FROM unnest(p_added) d;
  END IF;
  epoch := p_epoch + 1;
  outcome := 'ok';
END $$;

-- A refresh token is good once. Used again it has been stolen, or its owner
-- has been: the whole family ends.
CREATE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  t refresh_token%ROWTYPE;
BEGIN
  SELECT * INTO t FROM refresh_token r WHERE r.token_hash = p_old FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  IF t.used_at IS NOT NULL THEN
    UPDATE token_family f SET revoked_at = now()
      WHERE f.family_id = t.family_id AND f.revoked_at IS NULL;
    outcome := 'refresh-reused';
    RETURN;
  END IF;
  SELECT f.family_id, d.device_id, a.user_id, a.username
    INTO rotate_refresh_token.family_id, rotate_refresh_token.device_id,
         rotate_refresh_token.user_id, rotate_refresh_token.username
    FROM token_family f
    JOIN device d ON d.device_id = f.device_id
    JOIN account a ON a.user_id = d.user_id
    WHERE f.family_id = t.family_id AND f.revoked_at IS NULL
      AND d.removed_at IS NULL AND t.expires_at > now();
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  UPDATE refresh_token r SET used_at = now() WHERE r.token_hash = p_old;
  INSERT INTO refresh_token (token_hash, family_id, expires_at)
    VALUES (p_new, t.family_id, p_expires_at);
  outcome := 'ok';
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hermetic FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hermetic TO hermetic_api;

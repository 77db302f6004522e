SET LOCAL search_path = hermetic;

CREATE FUNCTION chain_next(head bytea, seq bigint, kind smallint, bytes bytea)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256('hermetic chain 1'::bytea || head || int8send(seq)
                || substring(int2send(kind) FROM 2) || bytes)
$$;
REVOKE ALL ON FUNCTION chain_next FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chain_next TO hermetic_api, hermetic_mqtt_bridge;

CREATE OR REPLACE FUNCTION create_session(
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

CREATE OR REPLACE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
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

  IF s.ended_at IS NOT NULL THEN
    outcome := 'session-ended';
    RETURN;
  END IF;
  IF p_sender_leaf IS NULL THEN
    IF NOT may_join(p_session, p_user) THEN
      outcome := 'not-invited';
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM active_member m
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

  DELETE FROM invitation i
    WHERE i.session_id = p_session AND p_sender_leaf IS NOT NULL
      AND i.user_id <> p_user
      AND i.user_id IN (SELECT d.user_id FROM session_member m
                        JOIN device d USING (device_id)
                        WHERE m.session_id = p_session
                          AND m.leaf_index = ANY (p_removed)
                          AND m.departed_at IS NULL);
  DELETE FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed);
  IF EXISTS (SELECT FROM session_member m
             WHERE m.session_id = p_session
               AND (m.device_id = ANY (p_added)
                    OR p_sender_leaf IS NULL AND m.device_id = p_device)) THEN
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
  INSERT INTO message (session_id, seq, kind, epoch, sender,
                       nonce, envelope, head, sent_at)
    VALUES (p_session, append_commit.seq, 2, p_epoch,
                              p_device, p_nonce, p_commit, append_commit.head,
                              now());
  UPDATE session SET epoch = p_epoch + 1, last_seq = append_commit.seq,
                     head = append_commit.head,
                     epoch_at = CASE WHEN p_path THEN now() ELSE epoch_at END,
                     epoch_seq = CASE WHEN p_path THEN append_commit.seq
                                      ELSE epoch_seq END
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_epoch + 1, group_info = p_group_info
    WHERE g.session_id = p_session;
  IF p_path AND NOT EXISTS (SELECT FROM session_member m
                            WHERE m.session_id = p_session
                              AND m.departed_at IS NOT NULL) THEN
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

CREATE OR REPLACE FUNCTION move_session(
  p_session uuid, p_device uuid, p_epoch bigint, p_sender_leaf integer,
  p_algorithm text, p_new_epoch bigint, p_devices uuid[], p_names text[],
  p_leaves integer[], p_nonces bytea[], p_commit bytea, p_welcome bytea,
  p_group_info bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
BEGIN
  SELECT * INTO s FROM session WHERE session_id = p_session FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'no-session';
    RETURN;
  END IF;
  SELECT m.seq, m.head INTO move_session.seq, move_session.head
    FROM message m
    WHERE m.session_id = p_session AND m.nonce = p_nonces[2]
      AND m.envelope = p_welcome AND m.sender = p_device;
  IF FOUND THEN
    outcome := 'duplicate';
    epoch := p_new_epoch;
    RETURN;
  END IF;
  epoch := s.epoch;
  IF s.ended_at IS NOT NULL THEN
    outcome := 'session-ended';
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM active_member m
                 WHERE m.session_id = p_session AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  END IF;
  IF p_epoch <> s.epoch THEN
    outcome := 'epoch-changed';
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
         FROM unnest(p_devices, p_names) AS i(device, name)
         JOIN active_member m
           ON m.session_id = p_session AND m.device_id = i.device
         JOIN device d ON d.device_id = i.device AND d.removed_at IS NULL
         JOIN account a ON a.user_id = d.user_id AND a.username = i.name)
        <> cardinality(p_devices) THEN
    RETURN;
  END IF;

  UPDATE session_member m SET leaf_index = i.leaf
    FROM unnest(p_devices, p_leaves) AS i(device, leaf)
    WHERE m.session_id = p_session AND m.device_id = i.device;
  head := chain_next(s.head, s.last_seq + 1, 2::smallint, p_commit);
  INSERT INTO message (session_id, seq, kind, epoch, sender,
                       nonce, envelope, head, sent_at)
    VALUES (p_session, s.last_seq + 1, 2, p_epoch, p_device,
                              p_nonces[1], p_commit, move_session.head, now());
  seq := s.last_seq + 2;
  head := chain_next(head, seq, 3::smallint, p_welcome);
  INSERT INTO message (session_id, seq, kind, epoch, sender,
                       nonce, envelope, head, sent_at)
    VALUES (p_session, move_session.seq, 3, p_new_epoch,
                              p_device, p_nonces[2], p_welcome,
                              move_session.head, now());
  UPDATE session SET algorithm = p_algorithm, epoch = p_new_epoch,
                     last_seq = move_session.seq, head = move_session.head,
                     epoch_at = now(), epoch_seq = move_session.seq
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_new_epoch, group_info = p_group_info
    WHERE g.session_id = p_session;
  DELETE FROM rotation r WHERE r.session_id = p_session;
  -- those of the old group lead nowhere
  DELETE FROM welcome w WHERE w.session_id = p_session;
  epoch := p_new_epoch;
  outcome := 'ok';
END $$;

DROP VIEW departed_member;
DROP TABLE first_group_info;
ALTER TABLE group_info DROP COLUMN seq, DROP COLUMN head;
DROP AGGREGATE chain2(bytea, bigint, smallint, bytea);
DROP FUNCTION chain2_step;
DROP FUNCTION chain_start;
ALTER TABLE message DROP COLUMN hash;

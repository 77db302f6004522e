SET LOCAL search_path = hermetic;

-- A commit: one an epoch, first come first served. p_sender_leaf is NULL for an
-- external commit. p_nonce is the start of its SHA-256: the same bytes again give the
-- first answer. p_departures is how many members had departed when the commit was
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
  s session%ROWTYPE;
  came uuid[];
  hash bytea;
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
  -- what it was checked against has changed
  IF p_epoch <> s.epoch
     OR p_departures <> (SELECT count(*) FROM departed_member d
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
  INSERT INTO member_end AS e (session_id, device_id, seq)
    SELECT p_session, m.device_id, s.last_seq + 1 FROM session_member m
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

  seq := s.last_seq + 1;
  hash := sha256(p_commit);
  head := chain2_step(NULL, s.head, seq, 2::smallint, hash);
  INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                       head, sent_at, hash)
    VALUES (p_session, append_commit.seq, 2, p_epoch, p_device, p_nonce,
            p_commit, append_commit.head, now(), hash);
  UPDATE session SET epoch = p_epoch + 1, last_seq = append_commit.seq,
                     head = append_commit.head,
                     epoch_at = CASE WHEN p_path THEN now() ELSE epoch_at END,
                     epoch_seq = CASE WHEN p_path THEN append_commit.seq
                                      ELSE epoch_seq END
    WHERE session_id = p_session;
  IF p_part IS NULL THEN
    UPDATE group_info g SET epoch = p_epoch + 1, group_info = p_group_info,
                            seq = append_commit.seq, head = append_commit.head,
                            part = NULL, since = '{}', since_bytes = 0,
                            last_head = NULL
      WHERE g.session_id = p_session;
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

-- A departure that was checked in p_epoch: of p_leaf, signed by p_signer's leaf,
-- posted by p_device, which is one of the two. p_nonce is the start of its
-- SHA-256: the same bytes again give the first answer, to every device of the
-- account that posted them first.
CREATE OR REPLACE FUNCTION append_departure(
  p_session uuid, p_device uuid, p_epoch bigint, p_leaf bigint,
  p_signer bigint, p_nonce bytea, p_departure bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
  gone session_member%ROWTYPE;
  hash bytea := sha256(p_departure);
BEGIN
  SELECT * INTO s FROM session WHERE session_id = p_session FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'no-session';
    RETURN;
  END IF;
  SELECT m.seq, m.head INTO append_departure.seq, append_departure.head
    FROM message m
    WHERE m.session_id = p_session AND m.nonce = p_nonce
      AND m.envelope = p_departure
      AND EXISTS (SELECT FROM device first JOIN device again USING (user_id)
                  WHERE first.device_id = m.sender
                    AND again.device_id = p_device);
  IF FOUND THEN
    outcome := 'duplicate';
    RETURN;
  END IF;
  IF s.ended_at IS NOT NULL THEN
    outcome := 'session-ended';
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM active_member m
                 WHERE m.session_id = p_session
                   AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  END IF;
  IF p_epoch <> s.epoch THEN
    outcome := 'epoch-changed';
    RETURN;
  END IF;
  outcome := 'departure-invalid';
  -- one that another device has posted counts once, where it stands
  IF EXISTS (SELECT FROM message m
             WHERE m.session_id = p_session AND m.nonce = p_nonce) THEN
    RETURN;
  END IF;
  SELECT * INTO gone FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = p_leaf;
  IF NOT FOUND OR gone.departed_seq IS NOT NULL THEN
    RETURN;
  END IF;
  IF gone.device_id <> p_device
     AND NOT EXISTS (SELECT FROM active_member m
                     WHERE m.session_id = p_session
                       AND m.device_id = p_device
                       AND m.leaf_index = p_signer) THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM departed_member m
             WHERE m.session_id = p_session AND m.leaf_index = p_signer) THEN
    RETURN;
  END IF;

  seq := s.last_seq + 1;
  head := chain2_step(NULL, s.head, seq, 4::smallint, hash);
  INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                       head, sent_at, hash)
    VALUES (p_session, append_departure.seq, 4, p_epoch, p_device, p_nonce,
            p_departure, append_departure.head, now(), hash);
  UPDATE session SET last_seq = append_departure.seq,
                     head = append_departure.head
    WHERE session_id = p_session;
  PERFORM depart(p_session, gone.device_id, seq);
  outcome := 'ok';
END $$;

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
DECLARE
  s session%ROWTYPE;
  bytes bytea;
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
  head := s.head;
  FOR i IN 1 .. 2 LOOP
    bytes := CASE i WHEN 1 THEN p_commit ELSE p_welcome END;
    seq := s.last_seq + i;
    head := chain2_step(NULL, head, seq, (1 + i)::smallint, sha256(bytes));
    INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                         head, sent_at, hash)
      VALUES (p_session, move_session.seq, 1 + i,
              CASE i WHEN 1 THEN p_epoch ELSE p_new_epoch END, p_device,
              p_nonces[i], bytes, move_session.head, now(), sha256(bytes));
  END LOOP;
  UPDATE session SET algorithm = p_algorithm, epoch = p_new_epoch,
                     last_seq = move_session.seq, head = move_session.head,
                     epoch_at = now(), epoch_seq = move_session.seq
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_new_epoch, group_info = p_group_info,
                          seq = move_session.seq, head = move_session.head,
                          part = NULL, since = '{}', since_bytes = 0,
                          last_head = NULL
    WHERE g.session_id = p_session;
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

DROP FUNCTION begin_entry;
DROP FUNCTION put_entry;
DROP FUNCTION put_group_info;
DROP FUNCTION devices_have_names;
DROP FUNCTION group_info_now;

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

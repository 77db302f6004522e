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
        <> cardinality(p_devices) THEN
    RETURN;
  END IF;
  IF NOT devices_have_names(p_devices, p_names) THEN
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

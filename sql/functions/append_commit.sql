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
  v_devices uuid[];
  v_users uuid[];
  v_now timestamptz := now();
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

  IF p_sender_leaf IS NOT NULL THEN
    v_devices := ARRAY(SELECT m.device_id FROM session_member m
                       WHERE m.session_id = p_session
                         AND m.leaf_index = ANY (p_removed)
                         AND m.departed_at IS NULL);
    v_users := ARRAY(SELECT d.user_id FROM device d WHERE d.device_id = ANY (v_devices));
    DELETE FROM invitation i
      WHERE i.session_id = p_session AND i.user_id <> p_user
        AND i.user_id = ANY (v_users);
  END IF;
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
                     epoch_at = CASE WHEN p_path THEN v_now ELSE epoch_at END,
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

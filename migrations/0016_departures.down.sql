SET LOCAL search_path = hermetic;

DROP FUNCTION append_commit;
CREATE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
  added uuid;
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
  UPDATE group_info g SET epoch = p_epoch + 1, group_info = p_group_info,
                          seq = append_commit.seq, head = append_commit.head
    WHERE g.session_id = p_session;
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
REVOKE ALL ON FUNCTION append_commit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_commit TO hermetic_api;

DROP FUNCTION append_departure;
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid, p_reason text,
                       p_proof bytea)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
  count integer := 0;
BEGIN
  PERFORM FROM session
    WHERE session_id IN (SELECT m.session_id FROM session_member m
                         WHERE m.device_id = p_device AND m.departed_at IS NULL
                           AND (p_session IS NULL OR m.session_id = p_session))
    ORDER BY session_id FOR KEY SHARE;
  FOR gone IN
    UPDATE session_member SET departed_at = now()
    WHERE device_id = p_device AND departed_at IS NULL
      AND (p_session IS NULL OR session_id = p_session)
    RETURNING *
  LOOP
    INSERT INTO departure (session_id, device_id, leaf_index, reason, proof)
      VALUES (gone.session_id, p_device, gone.leaf_index, p_reason, p_proof)
      ON CONFLICT (session_id, device_id) DO UPDATE
        SET leaf_index = excluded.leaf_index, reason = excluded.reason,
            proof = excluded.proof, departed_at = excluded.departed_at;
    PERFORM make_due(gone.session_id, 'departure', interval '0');
    count := count + 1;
  END LOOP;
  RETURN count;
END $$;
DROP FUNCTION depart(uuid, uuid, bigint);

CREATE OR REPLACE VIEW departed_member AS
  SELECT session_id, device_id, leaf_index
  FROM session_member WHERE departed_at IS NOT NULL;
UPDATE rotation SET reason = 'departure', hard_at = now()
  WHERE reason = 'revoked';
ALTER TABLE rotation DROP CONSTRAINT rotation_reason_check;
ALTER TABLE rotation ADD CONSTRAINT rotation_reason_check CHECK
  (reason IN ('age', 'messages', 'departure', 'algorithm'));
ALTER TABLE session_member DROP COLUMN departed_seq;
-- departures stay in the log
ALTER TABLE message DROP CONSTRAINT message_kind_check;
ALTER TABLE message ADD CONSTRAINT message_kind_check1
  CHECK (kind IN (1, 2, 3)) NOT VALID;
DROP TABLE member_end;

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

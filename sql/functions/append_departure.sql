-- A departure that was checked in p_epoch: of p_leaf, signed by p_signer's leaf,
-- posted by p_device, which is one of the two. p_nonce is the start of its
-- SHA-256: the same bytes again give the first answer (begin_entry()), to every device of
-- the account that posted them first.
CREATE OR REPLACE FUNCTION append_departure(
  p_session uuid, p_device uuid, p_epoch bigint, p_leaf bigint,
  p_signer bigint, p_nonce bytea, p_departure bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
BEGIN
  SELECT b.outcome, b.seq, b.head INTO outcome, seq, head
    FROM begin_entry(p_session, p_device, NULL, p_epoch, p_nonce, p_departure,
                     ARRAY(SELECT d.device_id FROM device d
                           JOIN device own USING (user_id)
                           WHERE own.device_id = p_device)) b;
  IF outcome IS NOT NULL THEN
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

  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 4::smallint, p_epoch, p_device, p_nonce, p_departure,
                   seq, head) e;
  UPDATE session SET last_seq = append_departure.seq,
                     head = append_departure.head
    WHERE session_id = p_session;
  PERFORM depart(p_session, gone.device_id, seq);
  outcome := 'ok';
END $$;

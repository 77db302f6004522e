-- The next entry of a log whose session's row the caller has locked: behind the one that has
-- `seq` and `head`, which are its own afterwards. The caller notes them in the session.
CREATE OR REPLACE FUNCTION put_entry(
  p_session uuid, p_kind smallint, p_epoch bigint, p_device uuid, p_nonce bytea,
  p_entry bytea, INOUT seq bigint, INOUT head bytea)
LANGUAGE plpgsql AS $$
DECLARE
  hash bytea := sha256(p_entry);
BEGIN
  seq := seq + 1;
  head := hermetic.chain2_step(NULL, head, seq, p_kind, hash);
  INSERT INTO hermetic.message (session_id, seq, kind, epoch, sender, nonce,
                                envelope, head, sent_at, hash)
    VALUES (p_session, put_entry.seq, p_kind, p_epoch, p_device, p_nonce,
            p_entry, put_entry.head, now(), hash);
END $$;

-- Whether a log has that head at that number: the head before the first entry is
-- made of the session's id, and one of a log that has lost its start stands where
-- it begins now.
CREATE OR REPLACE FUNCTION has_view(p_session uuid, p_seq bigint, p_head bytea)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_seq = 0 THEN
    RETURN p_head = hermetic.chain_start(p_session);
  END IF;
  RETURN EXISTS (SELECT FROM hermetic.message m
                 WHERE m.session_id = p_session AND m.seq = p_seq
                   AND m.head = p_head)
      OR EXISTS (SELECT FROM hermetic.history_floor f
                 WHERE f.session_id = p_session AND f.seq - 1 = p_seq
                   AND f.head = p_head);
END $$;

-- Where an entry begins that changes a group or says that one departs: the session's row
-- is locked up to the end of the transaction, so nobody else writes to the log meanwhile.
--
-- `outcome` is NULL where the entry may come: then seq, head and epoch are those of the log
-- as it stands. Otherwise the caller answers with it. The same bytes again give the first
-- answer: of a `duplicate`, posted first by one of p_posters, seq, head and epoch are those
-- of the entry that stands. p_epoch is the epoch in which the entry was checked. p_joins is
-- the user who comes in from outside; NULL: p_device has to be a member.
CREATE OR REPLACE FUNCTION begin_entry(
  p_session uuid, p_device uuid, p_joins uuid, p_epoch bigint, p_nonce bytea,
  p_entry bytea, p_posters uuid[],
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql AS $$
DECLARE
  s hermetic.session%ROWTYPE;
BEGIN
  SELECT * INTO s FROM hermetic.session WHERE session_id = p_session FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'no-session';
    RETURN;
  END IF;
  SELECT m.seq, m.head, m.epoch
    INTO begin_entry.seq, begin_entry.head, begin_entry.epoch
    FROM hermetic.message m
    WHERE m.session_id = p_session AND m.nonce = p_nonce
      AND m.envelope = p_entry AND m.sender = ANY (p_posters);
  IF FOUND THEN
    outcome := 'duplicate';
    RETURN;
  END IF;
  seq := s.last_seq;
  head := s.head;
  epoch := s.epoch;
  IF s.ended_at IS NOT NULL THEN
    outcome := 'session-ended';
  ELSIF p_joins IS NOT NULL AND NOT hermetic.may_join(p_session, p_joins) THEN
    outcome := 'not-invited';
  ELSIF p_joins IS NULL
        AND NOT EXISTS (SELECT FROM hermetic.active_member m
                        WHERE m.session_id = p_session
                          AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
  ELSIF p_epoch <> s.epoch THEN
    outcome := 'epoch-changed';
  END IF;
END $$;

SET LOCAL search_path = hermetic;

-- A device is out of one session (p_session), or of all of them (NULL): from now
-- on it is served nothing, and the keys are due. With p_seq, the departure's place
-- in the log, messages are refused until a commit has removed it.
--
-- It waits for a commit that is under way, as that does for it: the commit has not
-- seen who departs, and would take the rotation away.
--
-- Who changes how a member ends keeps the rule of docs/adr/0018: a row of `rotation` is
-- written in the same transaction and stays until a commit opens another epoch.
-- The writer does not ask the database again whether a member of the epoch is still one.
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid,
                       p_seq bigint DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
  count integer := 0;
  v_session uuid;
  v_now timestamptz := now();
BEGIN
  FOR v_session IN SELECT m.session_id FROM session_member m
                   WHERE m.device_id = p_device
                     AND (p_session IS NULL OR m.session_id = p_session)
                   ORDER BY m.session_id LOOP
    PERFORM FROM session s WHERE s.session_id = v_session FOR KEY SHARE;
  END LOOP;
  FOR gone IN
    UPDATE session_member
    SET departed_at = coalesce(departed_at, v_now), departed_seq = p_seq
    WHERE device_id = p_device AND departed_seq IS NULL
      AND (departed_at IS NULL OR p_seq IS NOT NULL)
      AND (p_session IS NULL OR session_id = p_session)
    RETURNING *
  LOOP
    IF p_seq IS NOT NULL THEN
      PERFORM make_due(gone.session_id, 'departure', interval '0');
      INSERT INTO member_end AS e (session_id, device_id, seq)
        VALUES (gone.session_id, p_device, p_seq)
        ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
    ELSE
      INSERT INTO rotation (session_id, reason, hard_at)
        VALUES (gone.session_id, 'revoked', 'infinity')
        ON CONFLICT DO NOTHING;
    END IF;
    count := count + 1;
  END LOOP;
  RETURN count;
END $$;

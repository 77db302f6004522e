-- A device is out of a session: from now on it is served nothing, and the keys are due. With
-- p_seq, the departure's place in the log, messages are refused until a commit has removed it.
-- Returns of how many sessions: none, when it was out before.
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
  v_now timestamptz := now();
BEGIN
  PERFORM FROM session_member m
    WHERE m.session_id = p_session AND m.device_id = p_device;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  PERFORM FROM session s WHERE s.session_id = p_session FOR KEY SHARE;
  UPDATE session_member
    SET departed_at = coalesce(departed_at, v_now), departed_seq = p_seq
    WHERE session_id = p_session AND device_id = p_device AND departed_seq IS NULL
      AND (departed_at IS NULL OR p_seq IS NOT NULL);
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  IF p_seq IS NOT NULL THEN
    PERFORM make_due(p_session, 'departure', interval '0');
    INSERT INTO member_end AS e (session_id, device_id, seq)
      VALUES (p_session, p_device, p_seq)
      ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
  ELSE
    INSERT INTO rotation (session_id, reason, hard_at)
      VALUES (p_session, 'revoked', 'infinity')
      ON CONFLICT DO NOTHING;
  END IF;
  RETURN 1;
END $$;

-- For nodes from before, who know no departure in the log. It goes with a later
-- migration, as does the table `departure`.
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid, p_reason text,
                                  p_proof bytea)
RETURNS integer LANGUAGE sql SET search_path = hermetic AS $$
  SELECT depart(p_session, p_device, NULL::bigint)
$$;

-- Makes the keys of a session due. A session whose keys are due already keeps its reason
-- and its deadline, unless the new deadline is earlier. While the row stands, messages are
-- judged one by one (docs/adr/0018), so only a commit with a path takes the row away
-- (append_commit()).
CREATE OR REPLACE FUNCTION make_due(p_session uuid, p_reason text, p_grace interval)
RETURNS void LANGUAGE sql SET search_path = hermetic AS $$
  INSERT INTO rotation AS r (session_id, reason, hard_at)
    VALUES (p_session, p_reason, now() + p_grace)
    ON CONFLICT (session_id) DO UPDATE
      SET reason = excluded.reason, hard_at = excluded.hard_at,
          asked_at = NULL
      WHERE excluded.hard_at < r.hard_at
$$;

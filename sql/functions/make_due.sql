-- The keys of a session are due. Who is due already stays so, unless now it is
-- for a reason that hurries more. While the row stands, messages are judged one by one
-- (docs/adr/0018), so only a commit with a path takes it away (append_commit()).
CREATE OR REPLACE FUNCTION make_due(p_session uuid, p_reason text, p_grace interval)
RETURNS void LANGUAGE sql SET search_path = hermetic AS $$
  INSERT INTO rotation AS r (session_id, reason, hard_at)
    VALUES (p_session, p_reason, now() + p_grace)
    ON CONFLICT (session_id) DO UPDATE
      SET reason = excluded.reason, hard_at = excluded.hard_at,
          asked_at = NULL
      WHERE excluded.hard_at < r.hard_at
$$;

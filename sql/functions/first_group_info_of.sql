-- The GroupInfo that a session began with in that generation, or of a session from before
-- the first one that is known. No row: no such session; NULLs: no such generation. Who asks
-- is judged first, since accounts may be on another machine (docs/adr/0091).
CREATE OR REPLACE FUNCTION first_group_info_of(
  p_session uuid, p_user uuid, p_generation bigint)
RETURNS TABLE (epoch bigint, seq bigint, head bytea, group_info bytea, may_join boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_may boolean := hermetic.may_join(p_session, p_user);
BEGIN
  RETURN QUERY
    SELECT f.epoch, f.seq, f.head, f.group_info, v_may
    FROM hermetic.session s
    LEFT JOIN hermetic.first_group_info f
      ON f.session_id = s.session_id AND f.generation = p_generation
    WHERE s.session_id = p_session;
END $$;

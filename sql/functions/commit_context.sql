-- What a commit or a departure is checked against: what its sender has seen of the log is
-- p_seq and p_head (NULL: it says nothing), and p_known is the head where the node knows
-- the group itself (NULL: nowhere). `epoch`, `seq` and `at` are those of the GroupInfo of
-- now. `since`: the commits that lead to it from where the node knows the group (`known`),
-- or else from `group_info`, the whole one that is kept (group_info_now()). `since_count`
-- and `since_bytes` are of all since the latter. `departed`: the departures that stand in
-- the log, opaque departure<V> each (between 64 and 16,383 bytes long), and how many. No
-- row: no such session.
--
-- Where sessions are spread, a function in the middle of a statement would go with it to
-- the session's machine, where no accounts are (docs/adr/0091).
CREATE OR REPLACE FUNCTION commit_context(
  p_session uuid, p_user uuid, p_device uuid, p_seq bigint, p_head bytea,
  p_known bytea)
RETURNS TABLE (epoch bigint, seq bigint, at bytea, known boolean, group_info bytea,
               whole_bytes bigint, since_count bigint, since_bytes bigint,
               since bytea, seen boolean, may_join boolean, member boolean,
               departed bytea, departures bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  seen := p_seq IS NULL OR hermetic.has_view(p_session, p_seq, p_head);
  may_join := hermetic.may_join(p_session, p_user);
  member := EXISTS (SELECT FROM hermetic.active_member m
                    WHERE m.session_id = p_session AND m.device_id = p_device);
  SELECT string_agg(substring(int4send(16384 + length(l.envelope)) FROM 3)
                    || l.envelope, ''::bytea ORDER BY l.seq), count(*)
    INTO departed, departures
    FROM hermetic.session_member m
    JOIN hermetic.message l ON l.session_id = m.session_id AND l.seq = m.departed_seq
    WHERE m.session_id = p_session AND m.departed_at IS NOT NULL;
  FOR epoch, seq, at, known, group_info, whole_bytes, since_count, since_bytes, since IN
    SELECT g.epoch, g.seq, g.head, g.known, CASE WHEN NOT g.known THEN g.whole END,
           octet_length(g.whole)::bigint, g.since_count, g.since_bytes, g.commits
    FROM hermetic.group_info_now(p_session, p_known) g
  LOOP
    RETURN NEXT;
  END LOOP;
END $$;

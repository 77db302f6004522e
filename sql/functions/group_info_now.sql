-- The GroupInfo that is kept of a session, and the commits that lead from it to the one of
-- now (docs/adr/0044), whose epoch, seq and head these are. p_known is the head where a node
-- knows the group itself (NULL: nowhere). Where it is on the way (`known`), `commits` are
-- those behind it only: uint32 length and bytes each. No row: no such session. A statement
-- that calls it in FROM is planned as if this text stood there, so what it does not ask for is
-- not read.
CREATE OR REPLACE FUNCTION group_info_now(p_session uuid, p_known bytea)
RETURNS TABLE (epoch bigint, seq bigint, head bytea, known boolean, commits bytea,
               whole bytea, part bytea, since_count bigint, since_bytes bigint)
LANGUAGE sql STABLE AS $$
  SELECT i.epoch + cardinality(i.since), n.seq, n.head, k.seq IS NOT NULL, c.commits,
         i.group_info, i.part, cardinality(i.since)::bigint, i.since_bytes
  FROM hermetic.group_info i
  CROSS JOIN LATERAL (
    SELECT coalesce(i.since[cardinality(i.since)], i.seq) AS seq,
           coalesce(i.last_head, i.head) AS head
  ) n
  CROSS JOIN LATERAL (
    SELECT CASE WHEN n.head = p_known THEN n.seq
                WHEN i.head = p_known THEN i.seq
                ELSE (SELECT m.seq FROM hermetic.message m
                      WHERE m.session_id = p_session AND m.seq = ANY (i.since)
                        AND m.head = p_known)
           END AS seq
  ) k
  CROSS JOIN LATERAL (
    SELECT string_agg(int4send(length(m.envelope)) || m.envelope, ''::bytea
                      ORDER BY m.seq) AS commits
    FROM hermetic.message m
    WHERE m.session_id = p_session AND m.seq = ANY (i.since)
      AND m.seq > coalesce(k.seq, 0)
  ) c
  WHERE i.session_id = p_session
$$;

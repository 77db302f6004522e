-- $1 session, $2 user, $3 the head where the node knows the group itself (NULL:
-- nowhere). No row: no such session. `epoch`, `seq` and `head` are of the GroupInfo of
-- now (seq 0: it is the session's first). Where `part` is NULL, `group_info` is the whole
-- of it. Otherwise it leads, with the commits `since`, to the one that `part` is of; or
-- these lead there from where the node knows the group (`known`), as in
-- commit_context.sql.
SELECT i.epoch + cardinality(i.since) AS epoch, n.seq, n.head, n.known,
       i.part,
       CASE WHEN n.known THEN NULL ELSE i.group_info END AS group_info,
       c.commits AS since, may_join($1::uuid, $2::uuid) AS may_join
FROM group_info i
CROSS JOIN LATERAL (
  SELECT coalesce(i.since[cardinality(i.since)], i.seq) AS seq,
         coalesce(i.last_head, i.head) AS head
) p
CROSS JOIN LATERAL (
  SELECT p.seq, p.head, k.seq AS from_seq,
         i.part IS NOT NULL AND k.seq IS NOT NULL AS known
  FROM (
    SELECT CASE WHEN p.head = $3::bytea THEN p.seq
                WHEN i.head = $3::bytea THEN i.seq
                ELSE (SELECT m.seq FROM message m
                      WHERE m.session_id = $1::uuid AND m.seq = ANY (i.since)
                        AND m.head = $3::bytea)
           END AS seq
  ) k
) n
CROSS JOIN LATERAL (
  SELECT string_agg(int4send(length(m.envelope)) || m.envelope, ''::bytea
                    ORDER BY m.seq) AS commits
  FROM message m
  WHERE m.session_id = $1::uuid AND m.seq = ANY (i.since)
    AND m.seq > coalesce(n.from_seq, 0)
) c
WHERE i.session_id = $1::uuid;

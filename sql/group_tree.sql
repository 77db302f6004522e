-- The group at the place of a Welcome that waits: $1 session, $2 device, $3 the
-- Welcome's seq, $4 the head where the node knows the group itself (NULL: nowhere). As in
-- group_info_now(): `group_info` and the commits `since` lead to `at`, unless the node
-- knows that (`known`). What is kept whole may be of a later place: then the walk begins
-- where the session's generation did, unless that is so far off that whoever has the
-- Welcome comes in by the log instead (4,096 commits, 16 MiB). No row: no such Welcome.
SELECT w.head AS at, n.known,
       CASE WHEN n.known THEN NULL ELSE b.group_info END AS group_info,
       c.commits AS since
FROM (
  SELECT seq, head FROM welcome
  WHERE session_id = $1::uuid AND device_id = $2::uuid AND seq = $3::bigint
  LIMIT 1
) w
CROSS JOIN LATERAL (SELECT coalesce(w.head = $4::bytea, false) AS known) n
CROSS JOIN LATERAL (
  SELECT o.seq, o.group_info, o.since
  FROM (
    SELECT i.seq, i.group_info, i.since FROM group_info i
    WHERE i.session_id = $1::uuid AND i.seq <= w.seq
    UNION ALL
    SELECT f.seq, f.group_info, NULL::bigint[] FROM first_group_info f
    WHERE f.session_id = $1::uuid AND f.seq <= w.seq
  ) o
  ORDER BY o.seq DESC, o.since IS NULL
  LIMIT 1
) b
CROSS JOIN LATERAL (
  SELECT n.known OR b.since IS NOT NULL
         OR (SELECT count(*) <= 4096 AND coalesce(sum(bytes), 0) <= 16777216
             FROM (SELECT length(envelope) AS bytes FROM message
                   WHERE session_id = $1::uuid AND seq > b.seq AND seq <= w.seq
                     AND kind = 2
                   LIMIT 4097) AS steps) AS near
) r
CROSS JOIN LATERAL (
  SELECT string_agg(int4send(length(m.envelope)) || m.envelope, ''::bytea
                    ORDER BY m.seq) AS commits
  FROM (
    SELECT seq, envelope FROM message
    WHERE session_id = $1::uuid AND seq = ANY (b.since) AND seq <= w.seq
      AND NOT n.known
    UNION ALL
    SELECT seq, envelope FROM message
    WHERE session_id = $1::uuid AND seq > b.seq AND seq <= w.seq AND kind = 2
      AND b.since IS NULL AND NOT n.known AND r.near
  ) m
) c
WHERE r.near;

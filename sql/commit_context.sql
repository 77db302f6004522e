-- What a commit or a departure is checked against: $1 session, $2 user, $3 device,
-- what its sender has seen of the log: $4 seq, $5 head (NULL: it says nothing), and $6
-- the head where the node knows the group itself (NULL: nowhere). `epoch`, `seq` and
-- `at` are those of the GroupInfo of now. `since`: the commits that lead to it from where
-- the node knows the group (`known`), or else from `group_info`, the whole one that is
-- kept (group_info_now()). `since_count` and `since_bytes` are of all since the
-- latter. `departed`: the departures that stand in the log, opaque
-- departure<V> each (between 64 and 16,383 bytes long), and how many. No row: no such
-- session.
SELECT g.epoch, g.seq, g.head AS at, g.known,
       CASE WHEN g.known THEN NULL ELSE g.whole END AS group_info,
       octet_length(g.whole)::bigint AS whole_bytes, g.since_count, g.since_bytes,
       g.commits AS since,
       $4::bigint IS NULL OR has_view($1::uuid, $4::bigint, $5::bytea) AS seen,
       may_join($1::uuid, $2::uuid) AS may_join,
       EXISTS (SELECT FROM active_member m
               WHERE m.session_id = $1::uuid
                 AND m.device_id = $3::uuid) AS member,
       d.departed, d.departures
FROM group_info_now($1::uuid, $6::bytea) g
CROSS JOIN LATERAL (
  SELECT string_agg(substring(int4send(16384 + length(l.envelope)) FROM 3)
                    || l.envelope, ''::bytea ORDER BY l.seq) AS departed,
         count(*) AS departures
  FROM session_member m
  JOIN message l ON l.session_id = m.session_id AND l.seq = m.departed_seq
  WHERE m.session_id = $1::uuid AND m.departed_at IS NOT NULL
) d;

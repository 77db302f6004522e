-- What a commit or a departure is checked against: $1 session, $2 user, $3 device,
-- what its sender has seen of the log: $4 seq, $5 head (NULL: it says nothing), and $6
-- the head where the node knows the group itself (NULL: nowhere). `epoch`, `seq` and
-- `at` are those of the GroupInfo of now. `since`: the commits that lead to it from where
-- the node knows the group (`known`), or else from `group_info`, the whole one that is
-- kept; uint32 length and bytes each. `since_count` and `since_bytes` are of all since the
-- latter. `departed`: the departures that stand in the log, opaque
-- departure<V> each (between 64 and 16,383 bytes long), and how many. No row: no such
-- session.
SELECT i.epoch + cardinality(i.since) AS epoch, n.seq, n.at, n.known,
       CASE WHEN n.known THEN NULL ELSE i.group_info END AS group_info,
       octet_length(i.group_info)::bigint AS whole_bytes,
       cardinality(i.since)::bigint AS since_count, i.since_bytes,
       c.commits AS since,
       $4::bigint IS NULL OR has_view($1::uuid, $4::bigint, $5::bytea) AS seen,
       may_join($1::uuid, $2::uuid) AS may_join,
       EXISTS (SELECT FROM active_member m
               WHERE m.session_id = i.session_id
                 AND m.device_id = $3::uuid) AS member,
       d.departed, d.departures
FROM group_info i
CROSS JOIN LATERAL (
  SELECT coalesce(i.since[cardinality(i.since)], i.seq) AS seq,
         coalesce(i.last_head, i.head) AS at
) p
CROSS JOIN LATERAL (
  SELECT p.seq, p.at, k.seq AS from_seq, k.seq IS NOT NULL AS known
  FROM (
    SELECT CASE WHEN p.at = $6::bytea THEN p.seq
                WHEN i.head = $6::bytea THEN i.seq
                ELSE (SELECT m.seq FROM message m
                      WHERE m.session_id = $1::uuid AND m.seq = ANY (i.since)
                        AND m.head = $6::bytea)
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
CROSS JOIN LATERAL (
  SELECT string_agg(substring(int4send(16384 + length(l.envelope)) FROM 3)
                    || l.envelope, ''::bytea ORDER BY l.seq) AS departed,
         count(*) AS departures
  FROM session_member m
  JOIN message l ON l.session_id = m.session_id AND l.seq = m.departed_seq
  WHERE m.session_id = i.session_id AND m.departed_at IS NOT NULL
) d
WHERE i.session_id = $1::uuid;

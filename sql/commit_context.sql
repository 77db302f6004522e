-- What a commit or a departure is checked against: $1 session, $2 user, $3 device,
-- and what its sender has seen of the log: $4 seq, $5 head (NULL: it says
-- nothing). `departed`: the departures that stand in the log, opaque departure<V>
-- each (between 64 and 16,383 bytes long), and how many. No row: no such session.
SELECT g.epoch, g.group_info,
       $4::bigint IS NULL OR has_view($1::uuid, $4::bigint, $5::bytea) AS seen,
       may_join($1::uuid, $2::uuid) AS may_join,
       EXISTS (SELECT FROM active_member m
               WHERE m.session_id = g.session_id
                 AND m.device_id = $3::uuid) AS member,
       d.departed, d.departures
FROM group_info g
CROSS JOIN LATERAL (
  SELECT string_agg(substring(int4send(16384 + length(l.envelope)) FROM 3)
                    || l.envelope, ''::bytea ORDER BY l.seq) AS departed,
         count(*) AS departures
  FROM session_member m
  JOIN message l ON l.session_id = m.session_id AND l.seq = m.departed_seq
  WHERE m.session_id = g.session_id AND m.departed_at IS NOT NULL
) d
WHERE g.session_id = $1::uuid;

-- $1 session, $2 device, $3 after this seq, $4 limit. The first row tells
-- whether the device may read there and where the log begins; `position`:
-- all that the page could show is before it. The others are NULL when it may not
-- or when there is nothing. A device that is out of the session reads up to the
-- entry by which it went.
SELECT $3::bigint < one.until AS member,
       coalesce((SELECT seq FROM history_floor WHERE session_id = $1::uuid), 1)
         AS first_seq,
       one.position, m.seq, m.kind, m.epoch, m.sender, m.envelope, m.head,
       coalesce(m.hash, sha256(m.envelope)) AS hash,
       (extract(epoch FROM m.sent_at) * 1000)::bigint AS sent_ms
FROM (
  SELECT ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
           ELSE pg_current_wal_flush_lsn() END) - '0/0'::pg_lsn)::bigint
         AS position,
         CASE WHEN EXISTS (SELECT FROM active_member
                           WHERE session_id = $1::uuid
                             AND device_id = $2::uuid)
              THEN 9223372036854775807
              ELSE coalesce((SELECT seq FROM member_end
                             WHERE session_id = $1::uuid
                               AND device_id = $2::uuid), 0)
         END AS until
) AS one LEFT JOIN LATERAL (
  SELECT * FROM message
  WHERE session_id = $1::uuid AND seq > $3::bigint AND seq <= one.until
  ORDER BY seq
  LIMIT $4::integer
) m ON true
ORDER BY m.seq;

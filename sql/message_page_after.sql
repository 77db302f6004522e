-- $1 session, $2 device, $3 after this seq, $4 limit. The first row tells
-- whether the device may read and where the log begins; `position`:
-- all that the page could show is before it. The others are NULL when it may not
-- or when there is nothing.
SELECT EXISTS (SELECT FROM active_member
               WHERE session_id = $1::uuid AND device_id = $2::uuid) AS member,
       coalesce((SELECT seq FROM history_floor WHERE session_id = $1::uuid), 1)
         AS first_seq,
       one.position, m.seq, m.kind, m.epoch, m.sender, m.envelope, m.head,
       coalesce(m.hash, sha256(m.envelope)) AS hash,
       (extract(epoch FROM m.sent_at) * 1000)::bigint AS sent_ms
FROM (
  SELECT ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
           ELSE pg_current_wal_flush_lsn() END) - '0/0'::pg_lsn)::bigint
         AS position
) AS one LEFT JOIN LATERAL (
  SELECT * FROM message
  WHERE session_id = $1::uuid AND seq > $3::bigint
    AND EXISTS (SELECT FROM active_member
                WHERE session_id = $1::uuid AND device_id = $2::uuid)
  ORDER BY seq
  LIMIT $4::integer
) m ON true
ORDER BY m.seq;

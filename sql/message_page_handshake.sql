-- The log as a reader who follows a group without its keys needs it: of applications'
-- messages the hash alone, of all else the bytes (of messages of the first chain,
-- too, whose heads are over their bytes). $1 session, $2 user, $3 after
-- this seq, $4 limit, $5 bytes (the first entry whatever it has). The first row
-- tells whether the user may see it (`member`: as for the GroupInfo) and where
-- the log begins; the others are NULL when not or when there is nothing.
SELECT may_join($1::uuid, $2::uuid) AS member,
       coalesce((SELECT seq FROM history_floor WHERE session_id = $1::uuid), 1)
         AS first_seq,
       one.position, m.seq, m.kind, m.epoch, m.sender, m.envelope, m.head,
       m.hash, m.sent_ms,
       (SELECT last_seq FROM session WHERE session_id = $1::uuid) AS last_seq
FROM (
  SELECT ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
           ELSE pg_current_wal_flush_lsn() END) - '0/0'::pg_lsn)::bigint
         AS position
) AS one LEFT JOIN LATERAL (
  SELECT seq, kind, epoch, sender, head,
         coalesce(hash, sha256(envelope)) AS hash,
         CASE WHEN kind = 1 AND hash IS NOT NULL THEN ''::bytea
              ELSE envelope END AS envelope,
         (extract(epoch FROM sent_at) * 1000)::bigint AS sent_ms
  FROM (
    SELECT l.*, row_number() OVER (ORDER BY seq) AS place,
           sum(CASE WHEN kind = 1 AND hash IS NOT NULL THEN 0
                    ELSE length(envelope) END)
             OVER (ORDER BY seq) AS bytes
    FROM (
      SELECT * FROM message
      WHERE session_id = $1::uuid AND seq > $3::bigint
        AND may_join($1::uuid, $2::uuid)
      ORDER BY seq
      LIMIT $4::integer
    ) l
  ) w
  WHERE bytes <= $5::bigint OR place = 1
) m ON true
ORDER BY m.seq;

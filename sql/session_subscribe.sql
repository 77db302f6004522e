-- $1 session, $2 device: may it follow the log, where does the log begin and
-- end, and are the keys due?
SELECT s.last_seq, coalesce(f.seq, 1) AS first_seq,
       EXISTS (SELECT FROM active_member m
               WHERE m.session_id = $1::uuid
                 AND m.device_id = $2::uuid) AS member,
       EXISTS (SELECT FROM rotation r
               WHERE r.session_id = $1::uuid) AS rotation_due
FROM session s LEFT JOIN history_floor f USING (session_id)
WHERE s.session_id = $1::uuid;

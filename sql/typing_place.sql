-- $1 session, $2 device: may it say that it types, in which epoch, and where does the log
-- end? No row: no such session.
SELECT s.epoch, s.last_seq, s.ended_at IS NOT NULL AS ended,
       EXISTS (SELECT FROM active_member m
               WHERE m.session_id = $1::uuid
                 AND m.device_id = $2::uuid) AS member
FROM session s WHERE s.session_id = $1::uuid;

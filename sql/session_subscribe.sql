-- $1 session, $2 device: may it follow the log, and where does the log end?
SELECT s.last_seq,
       EXISTS (SELECT FROM session_member m
               WHERE m.session_id = s.session_id
                 AND m.device_id = $2::uuid) AS member
FROM session s WHERE s.session_id = $1::uuid;

-- $1 user, $2 device, $3 after this id (all zeros: from the start), $4 limit
SELECT s.session_id, s.algorithm, s.epoch, s.join_policy,
       a.username AS creator,
       (extract(epoch FROM s.created_at) * 1000)::bigint AS created_ms,
       s.last_seq, s.head,
       EXISTS (SELECT FROM active_member m
               WHERE m.session_id = s.session_id
                 AND m.device_id = $2::uuid) AS member
FROM session s JOIN account a ON a.user_id = s.creator
WHERE s.session_id > $3::uuid
  AND (EXISTS (SELECT FROM active_member m JOIN device d USING (device_id)
               WHERE m.session_id = s.session_id AND d.user_id = $1::uuid)
       OR EXISTS (SELECT FROM invitation i
                  WHERE i.session_id = s.session_id AND i.user_id = $1::uuid))
ORDER BY s.session_id
LIMIT $4::integer;

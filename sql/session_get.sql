-- $1 session, $2 user, $3 device. `creator` is NULL when that account was erased.
SELECT s.session_id, s.algorithm, s.epoch, s.join_policy,
       CASE WHEN a.erased_at IS NULL THEN a.username END AS creator,
       (extract(epoch FROM s.created_at) * 1000)::bigint AS created_ms,
       s.last_seq, s.head,
       EXISTS (SELECT FROM active_member m
               WHERE m.session_id = s.session_id
                 AND m.device_id = $3::uuid) AS member,
       may_join(s.session_id, $2::uuid) AS may_join
FROM session s JOIN account a ON a.user_id = s.creator
WHERE s.session_id = $1::uuid;

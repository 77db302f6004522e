-- $1 session, $2 user, $3 device. `creator` is NULL when that account was erased.
WITH found AS MATERIALIZED (
  SELECT s.session_id, s.algorithm, s.epoch, s.join_policy, s.creator, s.created_at,
         s.last_seq, s.head,
         EXISTS (SELECT FROM active_member m
                 WHERE m.session_id = $1::uuid AND m.device_id = $3::uuid) AS member
  FROM session s WHERE s.session_id = $1::uuid
), asked AS MATERIALIZED (
  SELECT may_join($1::uuid, $2::uuid) AS may_join
)
SELECT s.session_id, s.algorithm, s.epoch, s.join_policy,
       CASE WHEN a.erased_at IS NULL THEN a.username END AS creator,
       (extract(epoch FROM s.created_at) * 1000)::bigint AS created_ms,
       s.last_seq, s.head, s.member, j.may_join
FROM found s JOIN account a ON a.user_id = s.creator CROSS JOIN asked j;

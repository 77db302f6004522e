-- $1 user, $2 device, $3 after this id (all zeros: from the start), $4 limit. It begins
-- at one's own memberships and invitations, each in the order of an index, so others'
-- sessions cost nothing; the LIMITs within keep it so whatever the planner believes.
WITH mine AS MATERIALIZED (
  SELECT m.session_id
  FROM device d CROSS JOIN LATERAL (
    SELECT session_id FROM session_member
    WHERE device_id = d.device_id AND session_id > $3::uuid
      AND departed_at IS NULL
    ORDER BY session_id LIMIT $4::integer) m
  WHERE d.user_id = $1::uuid AND d.removed_at IS NULL
  UNION
  SELECT i.session_id FROM (
    SELECT session_id FROM invitation
    WHERE user_id = $1::uuid AND session_id > $3::uuid
    ORDER BY session_id LIMIT $4::integer) i
  ORDER BY session_id LIMIT $4::integer
)
SELECT s.session_id, s.algorithm, s.epoch, s.join_policy, s.creator,
       s.created_ms, s.last_seq, s.head, s.member
FROM mine CROSS JOIN LATERAL (
  SELECT s.session_id, s.algorithm, s.epoch, s.join_policy,
         (SELECT username FROM account WHERE user_id = s.creator) AS creator,
         (extract(epoch FROM s.created_at) * 1000)::bigint AS created_ms,
         s.last_seq, s.head,
         EXISTS (SELECT FROM session_member m
                 WHERE m.session_id = s.session_id AND m.device_id = $2::uuid
                   AND m.departed_at IS NULL) AS member
  FROM session s WHERE s.session_id = mine.session_id LIMIT 1) s
ORDER BY s.session_id;

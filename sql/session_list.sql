-- $1 user, $2 device, $3 after this id (all zeros: from the start), $4 limit. It begins
-- at one's own memberships and invitations, each in the order of an index, so others'
-- sessions cost nothing; the LIMITs within keep it so whatever the planner believes.
-- A session into which somebody whom the user has blocked invites, or has added a device
-- that has not come yet, is not among them.
WITH hidden AS MATERIALIZED (
  SELECT w.session_id
  FROM device d
  CROSS JOIN LATERAL (SELECT session_id, seq FROM welcome
                      WHERE device_id = d.device_id
                      ORDER BY created_at LIMIT 1000) w
  CROSS JOIN LATERAL (SELECT sender FROM message m
                      WHERE m.session_id = w.session_id AND m.seq = w.seq LIMIT 1) m
  CROSS JOIN LATERAL (SELECT user_id FROM device o
                      WHERE o.device_id = m.sender LIMIT 1) o
  WHERE d.user_id = $1::uuid AND d.removed_at IS NULL
    AND EXISTS (SELECT FROM account_block b
                WHERE b.by_user = $1::uuid AND b.blocked = o.user_id)
), mine AS MATERIALIZED (
  SELECT session_id, bool_or(member) AS member
  FROM (
    SELECT m.session_id, d.device_id = $2::uuid AS member
    FROM device d CROSS JOIN LATERAL (
      SELECT session_id FROM session_member
      WHERE device_id = d.device_id AND session_id > $3::uuid
        AND departed_at IS NULL
        AND session_id NOT IN (SELECT session_id FROM hidden)
      ORDER BY session_id LIMIT $4::integer) m
    WHERE d.user_id = $1::uuid AND d.removed_at IS NULL
    UNION ALL
    SELECT i.session_id, false FROM (
      SELECT session_id FROM invitation
      WHERE user_id = $1::uuid AND session_id > $3::uuid
        AND NOT EXISTS (SELECT FROM account_block b
                        WHERE b.by_user = $1::uuid AND b.blocked = invited_by)
      ORDER BY session_id LIMIT $4::integer) i
  ) any_way
  GROUP BY session_id
  ORDER BY session_id LIMIT $4::integer
)
SELECT s.session_id, s.algorithm, s.epoch, s.join_policy, s.creator,
       s.created_ms, s.last_seq, s.head, mine.member
FROM mine CROSS JOIN LATERAL (
  SELECT s.session_id, s.algorithm, s.epoch, s.join_policy,
         (SELECT username FROM account WHERE user_id = s.creator) AS creator,
         (extract(epoch FROM s.created_at) * 1000)::bigint AS created_ms,
         s.last_seq, s.head
  FROM session s WHERE s.session_id = mine.session_id LIMIT 1) s
ORDER BY s.session_id;

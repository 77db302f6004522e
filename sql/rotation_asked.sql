-- $1 device: the sessions whose keys it is asked to renew. Its own memberships come
-- first: of the sessions whose keys are due most are others'.
SELECT r.session_id, r.reason
FROM active_member m
CROSS JOIN LATERAL (
  SELECT o.session_id, o.reason, o.asked FROM rotation o
  WHERE o.session_id = m.session_id OFFSET 0
) r
WHERE m.device_id = $1::uuid AND r.asked[cardinality(r.asked)] = $1::uuid
LIMIT 100;

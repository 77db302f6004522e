-- $1 device: the sessions whose keys it is asked to renew.
SELECT r.session_id, r.reason
FROM rotation r JOIN active_member m USING (session_id)
WHERE m.device_id = $1::uuid AND r.asked[cardinality(r.asked)] = $1::uuid
LIMIT 100;

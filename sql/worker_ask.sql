-- Chooses for each session that is due a member who is connected now: the one
-- who was not asked for the longest time. Again after $1 seconds.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 3) AS mine
), chosen AS (
  SELECT DISTINCT ON (r.session_id) r.session_id, m.device_id
  FROM presence p
  JOIN active_member m USING (device_id)
  JOIN rotation r USING (session_id)
  WHERE (SELECT mine FROM turn)
    AND p.seen_at > now() - interval '90 seconds'
    AND (r.asked_at IS NULL
         OR r.asked_at < now() - make_interval(secs => $1::bigint))
  ORDER BY r.session_id,
           coalesce(array_position(r.asked, m.device_id), 0), m.leaf_index
  LIMIT 1000
)
UPDATE rotation r
SET asked = array_remove(r.asked, c.device_id) || c.device_id,
    asked_at = now()
FROM chosen c
WHERE r.session_id = c.session_id
RETURNING c.device_id;

-- $1 session: whom its members have invited, a thousand at most. LIMIT 1 keeps it to a look-up
-- for each, whatever the planner believes.
WITH invited AS MATERIALIZED (
  SELECT user_id FROM invitation WHERE session_id = $1::uuid LIMIT 1000
)
SELECT a.username
FROM invited i CROSS JOIN LATERAL (
  SELECT username FROM account WHERE user_id = i.user_id LIMIT 1) a
ORDER BY a.username;

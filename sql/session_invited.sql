-- $1 session. LIMIT 1 keeps it to a look-up for each, whatever the planner believes.
WITH invited AS MATERIALIZED (
  SELECT user_id FROM invitation WHERE session_id = $1::uuid
)
SELECT a.username
FROM invited i CROSS JOIN LATERAL (
  SELECT username FROM account WHERE user_id = i.user_id LIMIT 1) a
ORDER BY a.username;

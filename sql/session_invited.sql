-- $1 session. LIMIT 1 keeps it to a look-up for each, whatever the planner believes.
SELECT a.username
FROM invitation i CROSS JOIN LATERAL (
  SELECT username FROM account WHERE user_id = i.user_id LIMIT 1) a
WHERE i.session_id = $1::uuid
ORDER BY a.username;

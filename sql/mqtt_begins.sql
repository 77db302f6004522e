-- $1 session: its last entry up to number $2 that is older than $3 seconds.
SELECT seq FROM message
WHERE session_id = $1::uuid AND seq <= $2::bigint
  AND sent_at <= now() - make_interval(secs => $3::bigint)
ORDER BY seq DESC LIMIT 1;

-- $1 session, $2 user, $3 device, $4 usernames. `outcome` as a problem's slug.
WITH known AS (
  SELECT user_id FROM account WHERE username = ANY ($4::text[])
), judged AS (
  SELECT CASE
    WHEN NOT EXISTS (SELECT FROM session WHERE session_id = $1::uuid)
      THEN 'no-session'
    WHEN NOT EXISTS (SELECT FROM active_member
                     WHERE session_id = $1::uuid AND device_id = $3::uuid)
      THEN 'not-a-member'
    WHEN (SELECT count(*) FROM known)
         <> (SELECT count(DISTINCT u) FROM unnest($4::text[]) u)
      THEN 'no-such-user'
    ELSE 'ok'
  END AS outcome
), invited AS (
  INSERT INTO invitation (session_id, user_id, invited_by)
  SELECT $1::uuid, user_id, $2::uuid FROM known, judged WHERE outcome = 'ok'
  ON CONFLICT DO NOTHING
)
SELECT outcome FROM judged;

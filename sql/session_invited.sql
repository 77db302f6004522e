SELECT a.username
FROM invitation i JOIN account a USING (user_id)
WHERE i.session_id = $1::uuid
ORDER BY a.username;

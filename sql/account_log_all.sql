-- $1 user name, or NULL and $2 the fingerprint; $3 who asks, or NULL: a row for each link, in order; one
-- with NULLs where there is a user and no log; none where there is no user.
SELECT a.user_id, a.username, l.fingerprint, k.number, k.link
FROM account a
LEFT JOIN account_log l ON l.user_id = a.user_id AND CASE WHEN $2::bytea IS NULL
  THEN l.replaced_at IS NULL ELSE l.fingerprint = $2::bytea END
LEFT JOIN account_link k USING (fingerprint)
WHERE a.username = visible_name($1::text, $3::uuid)
   OR a.user_id = (SELECT user_id FROM account_log
                   WHERE fingerprint = $2::bytea)
ORDER BY k.number;

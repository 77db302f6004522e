-- $1 user name, or NULL and $2 the fingerprint; $3 who asks, or NULL: the account, and the
-- fingerprint of its log, the one that $2 is or that its name stands for; NULL: it has
-- none. No row: there is no such account.
SELECT a.user_id, l.fingerprint
FROM account a
LEFT JOIN account_log l ON l.user_id = a.user_id AND CASE WHEN $2::bytea IS NULL
  THEN l.replaced_at IS NULL ELSE l.fingerprint = $2::bytea END
WHERE a.username = visible_name($1::text, $3::uuid)
   OR a.user_id = (SELECT user_id FROM account_log
                   WHERE fingerprint = $2::bytea);

-- $1 user: whom the user has blocked, with the fingerprint of the log that has the name.
SELECT a.username, l.fingerprint
FROM account_block b
CROSS JOIN LATERAL (SELECT username, user_id FROM account
                    WHERE user_id = b.blocked LIMIT 1) a
LEFT JOIN LATERAL (SELECT fingerprint FROM account_log
                   WHERE user_id = a.user_id AND replaced_at IS NULL LIMIT 1) l ON true
WHERE b.by_user = $1::uuid
ORDER BY a.username;

-- $1 user, $2 name or NULL, $3 fingerprint or NULL. A row when it was blocked.
DELETE FROM account_block
WHERE by_user = $1::uuid
  AND blocked = (SELECT a.user_id FROM account a
                 WHERE a.username = $2::text
                    OR a.user_id = (SELECT l.user_id FROM account_log l
                                    WHERE l.fingerprint = $3::bytea))
RETURNING blocked;

-- $1 family, $2 device, $3 token hash, $4 its life in seconds, $5 user, $6 the hash that
-- was compared. The account and then the device are locked: what was changed while the
-- passphrase was hashed counts, and no family is made (`made`) when another hash stands,
-- the account is suspended, or the device was removed. No row: the account is gone.
WITH asked AS MATERIALIZED (
  SELECT user_id, erased_at IS NULL AND password_hash = $6::bytea AS stands,
         suspended_at IS NOT NULL AS suspended
  FROM account WHERE user_id = $5::uuid FOR SHARE
), held AS MATERIALIZED (
  SELECT device_id, user_id, removed_at IS NULL AS lives
  FROM device WHERE device_id = $2::uuid AND user_id = (SELECT user_id FROM asked)
  FOR SHARE
), family AS (
  INSERT INTO token_family (family_id, device_id)
  SELECT $1::uuid, h.device_id
  FROM asked a JOIN held h USING (user_id)
  WHERE a.stands AND NOT a.suspended AND h.lives
  RETURNING family_id, device_id
), token AS (
  INSERT INTO refresh_token (token_hash, family_id, expires_at)
  SELECT $3::bytea, family_id, now() + make_interval(secs => $4::bigint)
  FROM family
)
SELECT a.stands, a.suspended, f.family_id IS NOT NULL AS made,
       CASE WHEN f.family_id IS NOT NULL THEN
         audit_append('account', 'login', a.user_id, f.device_id::text) END AS told
FROM asked a LEFT JOIN family f ON true;

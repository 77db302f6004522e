-- $1 device, $2 its user, $3 its name, $4 how many devices an account may have beside
-- those that wait: with so many, the device is NULL; $5 the hash that was compared. None is
-- made when another one stands by now or the account is suspended. No row: the account
-- is gone.
WITH asked AS MATERIALIZED (
  SELECT user_id, erased_at IS NULL AND password_hash = $5::bytea AS stands,
         suspended_at IS NOT NULL AS suspended
  FROM account WHERE user_id = $2::uuid FOR NO KEY UPDATE
)
SELECT a.stands, a.suspended, d.device_id, d.pending
FROM asked a LEFT JOIN LATERAL insert_device(
  $1::uuid, CASE WHEN a.stands AND NOT a.suspended THEN a.user_id END, $3::text,
  $4::bigint) AS d ON true;

-- $1 device, $2 its user, $3 its name, $4 how many devices an account may have beside
-- those that wait: with so many, no row comes. Where the account has a log, the device
-- waits to be approved (`pending`). Those that have waited for long go: older than a
-- day, or more than eight.
WITH old AS MATERIALIZED (
  SELECT end_device(device_id) FROM (
    SELECT device_id, created_at,
           row_number() OVER (ORDER BY created_at DESC) AS place
    FROM device
    WHERE user_id = $2::uuid AND pending AND removed_at IS NULL) AS p
  WHERE place >= 8 OR created_at < now() - interval '1 day'
), made AS (
  INSERT INTO device (device_id, user_id, name, pending)
  SELECT $1::uuid, $2::uuid, $3::text,
         EXISTS (SELECT FROM account_log
                 WHERE user_id = $2::uuid AND replaced_at IS NULL)
  WHERE (SELECT count(*) FROM device
         WHERE user_id = $2::uuid AND removed_at IS NULL AND NOT pending)
        < $4::bigint
  RETURNING device_id, pending
)
SELECT device_id, pending, (SELECT count(*) FROM old) AS ended,
       audit_append('account', 'device', $2::uuid, device_id::text) AS told
FROM made;

-- $1 device, $2 its user. Its tokens and KeyPackages go with it.
WITH removed AS (
  UPDATE device SET removed_at = now()
  WHERE device_id = $1::uuid AND user_id = $2::uuid AND removed_at IS NULL
  RETURNING device_id
), families AS (
  UPDATE token_family SET revoked_at = now()
  WHERE device_id IN (SELECT device_id FROM removed) AND revoked_at IS NULL
), packages AS (
  DELETE FROM key_package WHERE device_id IN (SELECT device_id FROM removed)
)
SELECT device_id FROM removed;

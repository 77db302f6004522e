-- $1 device, $2 its user. Its tokens and KeyPackages go with it, and it is
-- served nothing more of any session. A row for each family of tokens that this
-- ended, at least one.
WITH removed AS (
  UPDATE device SET removed_at = now()
  WHERE device_id = $1::uuid AND user_id = $2::uuid AND removed_at IS NULL
  RETURNING device_id
), families AS (
  UPDATE token_family SET revoked_at = now()
  WHERE device_id IN (SELECT device_id FROM removed) AND revoked_at IS NULL
  RETURNING family_id
), packages AS (
  DELETE FROM key_package WHERE device_id IN (SELECT device_id FROM removed)
), welcomes AS (
  DELETE FROM welcome WHERE device_id IN (SELECT device_id FROM removed)
), departed AS MATERIALIZED (
  SELECT depart(NULL, device_id) AS sessions FROM removed
)
SELECT d.sessions, f.family_id FROM departed d LEFT JOIN families f ON true;

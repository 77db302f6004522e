-- $1 family, $2 device, $3 token hash, $4 its life in seconds
WITH family AS (
  INSERT INTO token_family (family_id, device_id) VALUES ($1::uuid, $2::uuid)
  RETURNING family_id
)
INSERT INTO refresh_token (token_hash, family_id, expires_at)
SELECT $3::bytea, family_id, now() + make_interval(secs => $4::bigint)
FROM family
RETURNING family_id;

-- $1 family, $2 device, $3 token hash, $4 its life in seconds
WITH family AS (
  INSERT INTO token_family (family_id, device_id) VALUES ($1::uuid, $2::uuid)
  RETURNING family_id
), token AS (
  INSERT INTO refresh_token (token_hash, family_id, expires_at)
  SELECT $3::bytea, family_id, now() + make_interval(secs => $4::bigint)
  FROM family
)
SELECT f.family_id,
       (SELECT audit_append('account', 'login', d.user_id, d.device_id::text)
        FROM device d WHERE d.device_id = $2::uuid) AS told
FROM family f;

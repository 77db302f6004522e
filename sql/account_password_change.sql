-- $1 user, $2 the hash that was compared, $3 salt, $4 hash, $5 $6 $7 cost; $8 the
-- family that stays when all others are to end, else NULL. No row: the hash is
-- another one by now. Otherwise a row for each family that this ended, at least one.
WITH changed AS (
  UPDATE account SET salt = $3::bytea, password_hash = $4::bytea,
                     cost_n = $5::bigint, cost_r = $6::integer,
                     cost_p = $7::integer
  WHERE user_id = $1::uuid AND password_hash = $2::bytea
  RETURNING user_id
), ended AS (
  UPDATE token_family f SET revoked_at = now()
  FROM changed c
  WHERE f.device_id = ANY (ARRAY(SELECT device_id FROM device
                                 WHERE user_id = $1::uuid
                                   AND removed_at IS NULL))
    AND f.revoked_at IS NULL AND f.family_id <> $8::uuid
  RETURNING f.family_id
), told AS MATERIALIZED (
  SELECT audit_append('account', 'passphrase', user_id, '') AS n FROM changed
)
SELECT c.user_id, e.family_id, t.n AS told
FROM changed c CROSS JOIN told t LEFT JOIN ended e ON true;

-- $1 device; arrays: $2 algorithm, $3 ref, $4 KeyPackage, $5 last resort,
-- $6 expiry in seconds since 1970, $7 names a device of an account. A newer last-resort
-- one replaces the older, and one that names a device of an account those that do
-- not.
WITH input AS (
  SELECT * FROM unnest($2::text[], $3::bytea[], $4::bytea[], $5::boolean[],
                       $6::bigint[], $7::boolean[])
    AS i(algorithm, ref, key_package, last_resort, expires, of_account)
), replaced AS (
  DELETE FROM key_package k USING input i
  WHERE k.device_id = $1::uuid AND k.algorithm = i.algorithm AND k.ref <> i.ref
    AND (k.last_resort AND i.last_resort OR i.of_account AND NOT k.of_account)
)
INSERT INTO key_package (device_id, algorithm, ref, key_package, last_resort,
                         expires_at, of_account)
SELECT $1::uuid, algorithm, ref, key_package, last_resort, to_timestamp(expires),
       of_account
FROM input
ON CONFLICT (ref) DO NOTHING
RETURNING key_package_id;

-- $1 device; arrays: $2 algorithm, $3 ref, $4 KeyPackage, $5 last resort,
-- $6 expiry in seconds since 1970, $7 names a device of an account; $8 how many of an
-- algorithm a device may have; $9 hash of what the leaves of these offer, $10 when the newest
-- of them begins, in seconds since 1970. Nothing was stored where it would be more, `full`,
-- or where newer ones that offer something else are there, `older`.
SELECT coalesce(too_many, false) AS full, too_many IS NULL AS older
FROM publish_key_packages($1::uuid, $2::text[], $3::bytea[], $4::bytea[],
                          $5::boolean[], $6::bigint[], $7::boolean[],
                          $8::bigint, $9::bytea, $10::bigint) AS f (too_many);

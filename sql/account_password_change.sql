-- $1 user, $2 the hash that was compared, $3 salt, $4 hash, $5 $6 $7 cost; $8 the
-- family that stays when all others are to end, else NULL. No row: the hash is
-- another one by now. Otherwise a row for each family that this ended, at least one.
SELECT f.family_id
FROM change_password($1::uuid, $2::bytea, $3::bytea, $4::bytea, $5::bigint,
                     $6::integer, $7::integer, $8::uuid) AS c
LEFT JOIN LATERAL unnest(c.ended) AS f (family_id) ON true
WHERE c.changed;

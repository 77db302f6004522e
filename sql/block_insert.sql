-- $1 user, $2 name or NULL, $3 fingerprint or NULL, $4 how many at most
SELECT block_account($1::uuid, $2::text, $3::bytea, $4::bigint) AS outcome;

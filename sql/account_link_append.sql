-- $1 user, $2 fingerprint, $3 number, $4 hash of the link before, $5 hash, $6 link,
-- $7 salt of the first one, else NULL
SELECT outcome, last
FROM append_account_link($1::uuid, $2::bytea, $3::bigint, $4::bytea, $5::bytea,
                         $6::bytea, $7::bytea);

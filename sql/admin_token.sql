-- $1 the hash of a token to register with, $2 how often it is good, $3 seconds; $4 the
-- API's token or NULL.
SELECT admin_token($1::bytea, $2::integer, $3::bigint, $4::uuid) AS done;

-- $1 id, $2 name, $3 hash and $4 scopes of a token for the API, $5 seconds.
SELECT admin_api_token_make($1::uuid, $2::text, $3::bytea, $4::text, $5::bigint) AS done;

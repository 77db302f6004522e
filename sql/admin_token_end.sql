-- $1 the id of a token to register with, $2 the API's token or NULL. False: there is none.
SELECT admin_token_end($1::text, $2::uuid) AS done;

-- $1 the id of a token to register with, $2 the API's token or NULL. Returns false when no
-- token has that id.
SELECT admin_token_end($1::text, $2::uuid) AS done;

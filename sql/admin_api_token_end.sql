-- $1 the name of a token for the API. Returns false when no good token has that name.
SELECT admin_api_token_end($1::text) AS done;

-- $1 name of a token for the API. False: there is none that is good.
SELECT admin_api_token_end($1::text) AS done;

-- $1 id of a token for the API. `good`: it was not ended, and has not expired.
SELECT name, token_hash, scopes, good FROM admin_api_token_find($1::uuid);

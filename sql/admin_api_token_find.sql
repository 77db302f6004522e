-- $1 id of a token for the API. `good`: it was not ended, and has not expired.
SELECT name, token_hash, scopes, ended_at IS NULL AND expires_at > now() AS good
FROM admin_api_token WHERE token_id = $1::uuid;

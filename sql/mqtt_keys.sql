-- The keys that verify access tokens.
SELECT kid, public_jwk FROM signing_key WHERE retired_at IS NULL
ORDER BY kid LIMIT 16;

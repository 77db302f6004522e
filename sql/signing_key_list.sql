-- Newest first: the first one signs, all verify.
SELECT kid, public_jwk, wrapped_key FROM signing_key
WHERE retired_at IS NULL
ORDER BY created_at DESC, kid;

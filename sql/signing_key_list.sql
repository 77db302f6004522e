-- Newest first. All verify; the newest whose time has come signs: until then
-- every node has read it.
SELECT kid, public_jwk, wrapped_key, signs_at <= now() AS may_sign
FROM signing_key
WHERE retired_at IS NULL
ORDER BY ordinal DESC;

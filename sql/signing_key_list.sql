-- Newest first. All verify; the newest that every node has had time to read
-- signs.
SELECT kid, public_jwk, wrapped_key,
       created_at < now() - interval '30 seconds' OR ordinal = 1 AS may_sign
FROM signing_key
WHERE retired_at IS NULL
ORDER BY ordinal DESC;

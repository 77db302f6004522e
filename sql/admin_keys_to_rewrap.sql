-- $1: the key-encryption key that they should be under
SELECT kid, wrapped_key FROM signing_key
WHERE kek_id IS DISTINCT FROM $1::bytea
ORDER BY ordinal;

UPDATE token_family SET revoked_at = now()
WHERE family_id = $1::uuid AND revoked_at IS NULL
RETURNING family_id;

-- $1 key id, $2 ordinal, $3 public JWK, $4 wrapped private key. No row: another
-- node was first with that ordinal.
INSERT INTO signing_key (kid, ordinal, public_jwk, wrapped_key)
VALUES ($1::text, $2::integer, $3::text, $4::bytea)
ON CONFLICT DO NOTHING
RETURNING kid;

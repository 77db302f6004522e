-- Nodes that start together may each make a first key; all are good.
INSERT INTO signing_key (kid, public_jwk, wrapped_key)
VALUES ($1::text, $2::text, $3::bytea)
RETURNING kid;

-- $1 key id, $2 ordinal, $3 public JWK, $4 wrapped private key, $5 which
-- key-encryption key wraps it, $6 seconds until it signs. No row: another was
-- first with that ordinal.
INSERT INTO signing_key (kid, ordinal, public_jwk, wrapped_key, kek_id,
                         signs_at)
VALUES ($1::text, $2::integer, $3::text, $4::bytea, $5::bytea,
        now() + make_interval(secs => $6::bigint))
ON CONFLICT DO NOTHING
RETURNING kid;

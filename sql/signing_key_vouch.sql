-- What the API says of a key that verifies tokens, to those who cannot open the wrapped
-- one: $1 kid, $2 voucher.
INSERT INTO signing_key_voucher (kid, voucher) VALUES ($1::text, $2::text)
ON CONFLICT DO NOTHING;

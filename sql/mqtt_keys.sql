-- The keys that verify access tokens, as the API has vouched for them; rows that
-- somebody else wrote are found out by their vouchers.
SELECT kid, coalesce(v.voucher, '') AS voucher
FROM signing_key k LEFT JOIN signing_key_voucher v USING (kid)
WHERE k.retired_at IS NULL
ORDER BY kid LIMIT 256;

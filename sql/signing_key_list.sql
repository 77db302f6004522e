-- Newest first. All verify; the newest whose time has come signs: until then
-- every node has read it.
--
-- `public_jwk` is not read: whoever can insert a row can write it. The public key is
-- made of the wrapped one.
SELECT kid, wrapped_key, signs_at <= now() AS may_sign,
       coalesce((SELECT string_agg(v.voucher, ' ') FROM signing_key_voucher v
                 WHERE v.kid = k.kid), '') AS vouchers
FROM signing_key k
WHERE retired_at IS NULL
ORDER BY ordinal DESC;

-- The broker's plugin had read public keys from a column that anybody who can insert a
-- row could fill. It believes what the API vouches for now (src/door/vouch.h), which
-- has opened the wrapped key. `public_jwk` stays for plugins from before.

SET LOCAL search_path = hermetic;

-- One row for each secret that some node has.
CREATE TABLE signing_key_voucher (
  kid     text NOT NULL REFERENCES signing_key ON DELETE CASCADE,
  voucher text NOT NULL CHECK (length(voucher) <= 2048),
  PRIMARY KEY (kid, voucher)
);
GRANT SELECT, INSERT ON signing_key_voucher TO hermetic_api;
GRANT SELECT ON signing_key_voucher TO hermetic_mqtt;

-- The number of the device that has signed a link; 0: the recovery key. It stands before
-- the signature (src/wire/account_link.h).
CREATE OR REPLACE FUNCTION account_link_signer(p_link bytea)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT ('x' || encode(substr(p_link, length(p_link) - 71, 8), 'hex'))::bit(64)::bigint
$$;

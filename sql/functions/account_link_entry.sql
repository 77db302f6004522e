-- The device's entry that an `add` brings; NULL: it is another link. Its body stands behind
-- version, number, hash and kind (src/wire/account_link.h), with its length before it. The
-- index stored_link_entry holds what it has returned, so a new text of it has to return the
-- same for each link.
CREATE OR REPLACE FUNCTION account_link_entry(p_link bytea)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN length(p_link) <= 113 OR get_byte(p_link, 41) <> 2 THEN NULL
    WHEN get_byte(p_link, 42) < 64 THEN substr(p_link, 44, get_byte(p_link, 42))
    ELSE substr(p_link, 45, (get_byte(p_link, 42) & 63) << 8 | get_byte(p_link, 43)) END
$$;

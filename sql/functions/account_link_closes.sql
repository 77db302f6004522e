-- Is it a `close`? Its kind stands behind version, number and hash
-- (src/wire/account_link.h).
CREATE OR REPLACE FUNCTION account_link_closes(p_link bytea)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT length(p_link) > 113 AND get_byte(p_link, 41) = 7
$$;

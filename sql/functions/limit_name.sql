-- What a limit that a statement counts is kept under: a keyed hash of `p_what`.
CREATE OR REPLACE FUNCTION limit_name(p_what text)
RETURNS bigint LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT ('x' || left(encode(sha256(key || convert_to(p_what, 'UTF8')), 'hex'), 16))
           ::bit(64)::bigint
  FROM limit_key
$$;

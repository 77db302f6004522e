-- The name as the caller may see it: that of an account that has blocked the caller is as
-- a name that nobody has. Both take the same look-ups, here and where it is used.
CREATE OR REPLACE FUNCTION visible_name(p_name text, p_caller uuid)
RETURNS text LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM account_block
                           WHERE blocked = p_caller AND by_name = p_name)
         THEN '' ELSE p_name END
$$;

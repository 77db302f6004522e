-- A name that nobody can register, for what is left of an account that was erased.
CREATE OR REPLACE FUNCTION nobodys_name()
RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT 'erased.' || left(replace(gen_random_uuid()::text, '-', ''), 24)
$$;

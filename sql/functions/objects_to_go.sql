-- How many objects wait to be dropped. As its owner: the worker's role reads no files.
CREATE OR REPLACE FUNCTION objects_to_go()
RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
  SELECT count(*) FROM file_object WHERE state = 'going';
$$;

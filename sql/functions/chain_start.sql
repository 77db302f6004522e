CREATE OR REPLACE FUNCTION chain_start(session uuid)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256('hermetic chain 1'::bytea || uuid_send(session))
$$;

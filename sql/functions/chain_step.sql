-- The step of the aggregate `chain`: the head after an entry of the first chain, which
-- is over the entry's bytes. Nodes of before write it. In PL/pgSQL, since an
-- aggregate starts a function in SQL anew for each row, which took half of the time.
CREATE OR REPLACE FUNCTION chain_step(state bytea, start bytea, seq bigint,
                                      kind smallint, bytes bytea)
RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  RETURN sha256('hermetic chain 1'::bytea || coalesce(state, start)
                || int8send(seq) || substring(int2send(kind) FROM 2) || bytes);
END $$;

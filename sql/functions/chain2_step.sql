-- The head after an entry whose bytes have that hash (docs/protocol.md,
-- "Transcript"). `state`: the head before it; NULL: that is `start`.
-- The step of the aggregate `chain2`: over a window ordered by seq it gives every head
-- of a batch.
CREATE OR REPLACE FUNCTION chain2_step(state bytea, start bytea, seq bigint,
                            kind smallint, hash bytea)
RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256('hermetic chain 2'::bytea || coalesce(state, start)
                || int8send(seq) || substring(int2send(kind) FROM 2) || hash);
END $$;

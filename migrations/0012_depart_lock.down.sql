SET LOCAL search_path = hermetic;

CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid, p_reason text,
                       p_proof bytea)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
  count integer := 0;
BEGIN
  FOR gone IN
    UPDATE session_member SET departed_at = now()
    WHERE device_id = p_device AND departed_at IS NULL
      AND (p_session IS NULL OR session_id = p_session)
    RETURNING *
  LOOP
    INSERT INTO departure (session_id, device_id, leaf_index, reason, proof)
      VALUES (gone.session_id, p_device, gone.leaf_index, p_reason, p_proof)
      ON CONFLICT (session_id, device_id) DO UPDATE
        SET leaf_index = excluded.leaf_index, reason = excluded.reason,
            proof = excluded.proof, departed_at = excluded.departed_at;
    PERFORM make_due(gone.session_id, 'departure', interval '0');
    count := count + 1;
  END LOOP;
  RETURN count;
END $$;

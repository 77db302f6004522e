-- One log's turn: what is older than p_before among the next thousand entries.
-- An empty envelope says that its bytes have gone: NULL would cost a bitmap in
-- each such row.
--
-- The head of an entry of the first chain is over its bytes, so these cannot go
-- alone. Before the first GroupInfo that is known, where nobody can follow the
-- log by its commits anyway, the log then loses its start instead; after it
-- (nodes from before that ran beside newer ones) the bytes stay.
CREATE OR REPLACE FUNCTION sweep_history(p_session uuid, p_before timestamptz,
                              p_seq bigint)
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic, pg_temp AS $$
DECLARE
  upto bigint;
  gone bigint;
  dropped bigint;
  count bigint := 0;
  next timestamptz;
BEGIN
  SELECT coalesce(min(m.seq) FILTER (WHERE m.sent_at >= p_before) - 1,
                  max(m.seq), p_seq) INTO upto
    FROM (SELECT seq, sent_at FROM message
          WHERE session_id = p_session AND seq > p_seq
          ORDER BY seq LIMIT 1000) m;

  SELECT max(m.seq) INTO gone FROM message m
    WHERE m.session_id = p_session AND m.seq > p_seq AND m.seq <= upto
      AND m.kind = 1 AND m.hash IS NULL
      AND m.seq <= (SELECT min(f.seq) FROM first_group_info f
                    WHERE f.session_id = p_session);
  IF gone IS NOT NULL THEN
    INSERT INTO history_floor AS f (session_id, seq, head)
      SELECT p_session, gone + 1, m.head FROM message m
      WHERE m.session_id = p_session AND m.seq = gone
      ON CONFLICT (session_id) DO UPDATE
        SET seq = excluded.seq, head = excluded.head
        WHERE f.seq < excluded.seq;
    DELETE FROM message m WHERE m.session_id = p_session AND m.seq <= gone;
    GET DIAGNOSTICS count = ROW_COUNT;
  END IF;

  UPDATE message m SET envelope = ''
    WHERE m.session_id = p_session AND m.seq > p_seq AND m.seq <= upto
      AND m.kind = 1 AND m.hash IS NOT NULL AND m.envelope <> '';
  GET DIAGNOSTICS dropped = ROW_COUNT;

  next := coalesce((SELECT m.sent_at FROM message m
                    WHERE m.session_id = p_session AND m.seq > upto
                    ORDER BY m.seq LIMIT 1), now());
  UPDATE history_swept h SET seq = upto, next_at = next WHERE h.session_id = p_session;
  RETURN count + dropped;
END $$;

-- Retention drops the bytes of old messages, and keeps their rows: number, hash,
-- head, sender and time stay, and with them the chain (docs/adr/0022). Commits,
-- successors and what else the log is followed by keep their bytes.

SET LOCAL search_path = hermetic;

-- Up to which entry of a log the bytes that are to go have gone, and a time such
-- that nothing after that entry is older. One row for each session, written by
-- the worker alone: senders neither wait for it nor pay for an index of what is
-- old.
CREATE TABLE history_swept (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  seq        bigint NOT NULL,
  next_at    timestamptz NOT NULL
);
CREATE INDEX history_swept_next ON history_swept (next_at);
INSERT INTO history_swept (session_id, seq, next_at)
  SELECT s.session_id, coalesce(f.seq - 1, 0), s.created_at
  FROM session s LEFT JOIN history_floor f USING (session_id);

-- One log's turn: what is older than p_before among the next thousand entries.
-- An empty envelope says that its bytes have gone: NULL would cost a bitmap in
-- each such row.
--
-- The head of an entry of the first chain is over its bytes, so these cannot go
-- alone. Before the first GroupInfo that is known, where nobody can follow the
-- log by its commits anyway, the log then loses its start instead; after it
-- (nodes from before that ran beside newer ones) the bytes stay.
CREATE FUNCTION sweep_history(p_session uuid, p_before timestamptz,
                              p_seq bigint)
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic, pg_temp AS $$
DECLARE
  upto bigint;
  gone bigint;
  dropped bigint;
  count bigint := 0;
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

  UPDATE history_swept h
    SET seq = upto,
        next_at = coalesce((SELECT m.sent_at FROM message m
                            WHERE m.session_id = p_session AND m.seq > upto
                            ORDER BY m.seq LIMIT 1), now())
    WHERE h.session_id = p_session;
  RETURN count + dropped;
END $$;

-- What is older than so many seconds, of some logs: a thousand messages or a
-- little more at a time. As its owner: the worker's role can neither read nor
-- write a message otherwise.
CREATE FUNCTION expire_history(p_seconds bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  old_before timestamptz := now() - make_interval(secs => p_seconds);
  h history_swept%ROWTYPE;
  count bigint := 0;
BEGIN
  IF p_seconds <= 0 THEN
    RETURN 0;
  END IF;
  FOR h IN SELECT * FROM history_swept s WHERE s.next_at < old_before
           ORDER BY s.next_at LIMIT 1000 LOOP
    count := count + sweep_history(h.session_id, old_before, h.seq);
    EXIT WHEN count >= 1000;
  END LOOP;
  RETURN count;
END $$;

-- As before, with the session's row in history_swept.
CREATE OR REPLACE FUNCTION create_session(
  p_session uuid, p_user uuid, p_device uuid, p_algorithm text,
  p_join_policy text, p_group_info bytea, p_invite text[],
  OUT outcome text, OUT head bytea, OUT created_at timestamptz,
  OUT unknown_username text)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  head := chain_start(p_session);
  created_at := now();
  SELECT u INTO unknown_username FROM unnest(p_invite) u
    WHERE NOT EXISTS (SELECT FROM account a WHERE a.username = u) LIMIT 1;
  IF unknown_username IS NOT NULL THEN
    outcome := 'no-such-user';
    RETURN;
  END IF;
  INSERT INTO session (session_id, algorithm, creator, join_policy, epoch,
                       last_seq, head, created_at)
    VALUES (p_session, p_algorithm, p_user, p_join_policy, 0, 0,
            create_session.head, create_session.created_at)
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    outcome := 'session-exists';
    RETURN;
  END IF;
  INSERT INTO group_info (session_id, epoch, group_info, seq, head)
    VALUES (p_session, 0, p_group_info, 0, create_session.head);
  INSERT INTO first_group_info (session_id, generation, epoch, seq, head,
                                group_info)
    VALUES (p_session, 0, 0, 0, create_session.head, p_group_info);
  INSERT INTO history_swept (session_id, seq, next_at)
    VALUES (p_session, 0, create_session.created_at);
  INSERT INTO session_member (session_id, device_id, leaf_index)
    VALUES (p_session, p_device, 0);
  INSERT INTO invitation (session_id, user_id, invited_by)
    SELECT p_session, a.user_id, p_user FROM account a
    WHERE a.username = ANY (p_invite)
    ON CONFLICT DO NOTHING;
  outcome := 'ok';
END $$;

-- A worker from before would drop whole rows: it may not any more.
GRANT SELECT, INSERT ON history_swept TO hermetic_api;
REVOKE INSERT, UPDATE (seq, head), DELETE ON history_floor
  FROM hermetic_rotation;
REVOKE ALL ON FUNCTION sweep_history, expire_history FROM PUBLIC;
GRANT EXECUTE ON FUNCTION expire_history TO hermetic_rotation;

-- A batch of envelopes whose places are known in advance. For each session, in ascending
-- order: p_sessions, p_epochs, last_seq and head as they should be (p_from_…) and as they
-- will be (p_to_…). For each envelope: p_of, its session, p_devices, p_seqs, p_nonces,
-- p_envelopes, p_heads, p_hashes, p_origins. Keys are due after p_due_messages, and old
-- after p_hard_seconds; zero: never. Views of senders that are not known to be right:
-- p_view_…. Of envelopes whose bytes are to go at a time: p_expiring, the session,
-- p_expiring_seqs, and that time in Unix milliseconds.
--
-- A session that is not as expected, of which somebody has another view, whose keys
-- are due, or that has ended is left alone, and append_judged() judges its envelopes. A
-- row for each of the others, by its place in p_sessions.
--
-- Whoever calls this knows from append_judged() that the devices are members in
-- that epoch. They still are: one that departs makes the keys due, until a commit
-- opens another epoch (docs/adr/0018, sql/functions/depart.sql).
--
-- p_bucket: one of the sessions. They are all in one bucket, and each table is asked for
-- p_sessions, which leads to one shard (docs/adr/0074). NULL: they are not spread, and the
-- caller is of a release before sql/message_append_expected.sql, which does the same there.
--
-- Where the function runs the settings of a node are unknown, and plans with them, so the
-- locks are taken by a statement of their own, in the order of the ids.
CREATE OR REPLACE FUNCTION append_expected(
  p_bucket uuid, p_sessions uuid[], p_epochs bigint[], p_from_seqs bigint[],
  p_from_heads bytea[], p_to_seqs bigint[], p_to_heads bytea[], p_of uuid[],
  p_devices uuid[], p_seqs bigint[], p_nonces bytea[], p_envelopes bytea[],
  p_heads bytea[], p_hashes bytea[], p_origins text[], p_due_messages bigint,
  p_hard_seconds bigint, p_view_sessions uuid[], p_view_seqs bigint[],
  p_view_heads bytea[], p_expiring uuid[], p_expiring_seqs bigint[],
  p_expires_ms bigint[])
RETURNS TABLE (ord bigint, sent_ms bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_unseen uuid[] := '{}';
  v_moved bigint[];
  v_sessions uuid[];
  v_epochs bigint[];
BEGIN
  PERFORM FROM hermetic.session s WHERE s.session_id = ANY (p_sessions)
    ORDER BY s.session_id FOR NO KEY UPDATE;
  IF cardinality(p_view_sessions) > 0 THEN
    v_unseen := ARRAY(
      SELECT v.session_id
      FROM unnest(p_view_sessions, p_view_seqs, p_view_heads) AS v(session_id, seq, head)
      WHERE NOT hermetic.has_view(v.session_id, v.seq, v.head));
  END IF;

  WITH moved AS (
    UPDATE hermetic.session s SET last_seq = e.seq, head = e.head
    FROM unnest(p_sessions, p_epochs, p_from_seqs, p_from_heads, p_to_seqs, p_to_heads)
         WITH ORDINALITY
         AS e(session_id, epoch, from_seq, from_head, seq, head, ord)
    WHERE (p_bucket IS NULL OR s.session_id = ANY (p_sessions))
      AND s.session_id = e.session_id
      AND hermetic.is_expected(s.epoch, s.last_seq, s.head, s.epoch_seq, s.epoch_at,
                               s.ended_at, e.epoch, e.from_seq, e.from_head, e.seq,
                               p_due_messages, p_hard_seconds)
      AND NOT EXISTS (SELECT FROM hermetic.rotation r
                      WHERE (p_bucket IS NULL OR r.session_id = ANY (p_sessions))
                        AND r.session_id = s.session_id)
      AND s.session_id <> ALL (v_unseen)
    RETURNING e.ord, s.session_id, s.epoch)
  SELECT array_agg(v.ord), array_agg(v.session_id), array_agg(v.epoch)
    INTO v_moved, v_sessions, v_epochs FROM moved v;
  IF v_moved IS NULL THEN
    RETURN;
  END IF;

  INSERT INTO hermetic.message (session_id, seq, kind, epoch, sender, nonce, envelope,
                                head, sent_at, origin, hash)
    SELECT m.session_id, m.seq, 1, v.epoch, m.device_id, m.nonce, m.envelope, m.head,
           statement_timestamp(), m.origin, m.hash
    FROM unnest(p_of, p_devices, p_seqs, p_nonces, p_envelopes, p_heads, p_hashes,
                p_origins)
         AS m(session_id, device_id, seq, nonce, envelope, head, hash, origin)
    JOIN unnest(v_sessions, v_epochs) AS v(session_id, epoch) USING (session_id);
  IF cardinality(p_expiring) > 0 THEN
    INSERT INTO hermetic.message_expiry (session_id, seq, expires_at)
      SELECT e.session_id, e.seq, to_timestamp(e.expires_ms / 1000.0)
      FROM unnest(p_expiring, p_expiring_seqs, p_expires_ms)
           AS e(session_id, seq, expires_ms)
      WHERE e.session_id = ANY (v_sessions);
  END IF;
  RETURN QUERY SELECT v.ord, (extract(epoch FROM statement_timestamp()) * 1000)::bigint
    FROM unnest(v_moved) AS v(ord);
END $$;

-- What a batch expects of a session is a function of its own, since three statements ask for it,
-- and a batch takes its locks in the order of the ids. Where sessions are not spread it is one
-- statement again (docs/adr/0090).
SET LOCAL search_path = hermetic;

-- Whether a session is where a batch expects it, so that what follows there goes without
-- being judged: its row (p_epoch, … p_ended_at) is at epoch p_of_epoch with the log's end at
-- p_from_seq and p_from_head, and p_to_seq is not where keys are due: after p_due_messages,
-- and old after p_hard_seconds; zero: never.
--
-- It is one expression, so statements take it in place of the call. The index of sessions
-- that have not ended does not fit num_nulls(), and that is what it is for: all indexes
-- that are left give sessions in the order of their ids, in which locks are taken
-- (docs/adr/0090).
CREATE FUNCTION is_expected(
  p_epoch bigint, p_seq bigint, p_head bytea, p_epoch_seq bigint,
  p_epoch_at timestamptz, p_ended_at timestamptz, p_of_epoch bigint, p_from_seq bigint,
  p_from_head bytea, p_to_seq bigint, p_due_messages bigint, p_hard_seconds bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT p_epoch = p_of_epoch AND p_seq = p_from_seq AND p_head = p_from_head
     AND num_nulls(p_ended_at) = 1
     AND (p_due_messages = 0 OR p_to_seq - p_epoch_seq < p_due_messages)
     AND (p_hard_seconds = 0
          OR p_epoch_at > now() - make_interval(secs => p_hard_seconds))
$$;

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

-- A batch of envelopes, committed as one: arrays of session, device, epoch, nonce,
-- envelope, origin, and the view of its sender: seq (-1: it is known to be right) and
-- head; p_expires_ms when its bytes are to go, in Unix milliseconds (0: nobody said). A
-- row for each, in their order. When keys are due: p_due_messages, and p_grace_seconds
-- until old ones are refused; refused in any case: after p_hard_messages,
-- p_hard_seconds. Zero: never.
--
-- Who is told that an envelope was stored has it stored, even if the device is no
-- member any more: the first answer may have been lost.
--
-- Sessions are locked in the order of their ids, so two batches never wait for
-- each other in a circle. The statements behind the lock see what was committed before
-- it was given, so nothing that a batch is judged by is older than its lock.
--
-- They are planned once, perhaps while the tables are empty. OFFSET 0 keeps what is
-- looked up for each envelope from being read as a whole instead.
--
-- p_bucket: NULL, or where sessions are spread over machines one of them; then they are all
-- in one bucket, and each table is asked for p_sessions, which leads to one shard
-- (docs/adr/0074).
CREATE OR REPLACE FUNCTION append_judged(
  p_bucket uuid, p_sessions uuid[], p_devices uuid[], p_epochs bigint[],
  p_nonces bytea[], p_envelopes bytea[], p_origins text[], p_view_seqs bigint[],
  p_view_heads bytea[], p_due_messages bigint, p_grace_seconds bigint,
  p_hard_messages bigint, p_hard_seconds bigint, p_expires_ms bigint[])
RETURNS TABLE (outcome text, seq bigint, head bytea, hash bytea, sent_ms bigint,
               epoch bigint, rotation_due boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_seen boolean[]; -- NULL: all views are known to be right
  v_outcomes text[];
  v_seqs bigint[];
  v_heads bytea[];
  v_hashes bytea[];
  v_sent_ms bigint[];
  v_epochs bigint[];
  v_due boolean[];
  v_late boolean[];
BEGIN
  PERFORM FROM hermetic.session s WHERE s.session_id = ANY (p_sessions)
    ORDER BY s.session_id FOR NO KEY UPDATE;
  IF 0 <= ANY (p_view_seqs) THEN
    v_seen := ARRAY(
      SELECT i.seq < 0 OR hermetic.has_view(i.session_id, i.seq, i.head)
      FROM unnest(p_sessions, p_view_seqs, p_view_heads)
           WITH ORDINALITY AS i(session_id, seq, head, ord)
      ORDER BY i.ord);
  END IF;

  WITH input AS (
    SELECT i.*, row_number() OVER (PARTITION BY session_id, nonce ORDER BY ord)
                AS nonce_turn
    FROM unnest(p_sessions, p_devices, p_epochs, p_nonces, p_envelopes, v_seen)
         WITH ORDINALITY AS i(session_id, device_id, epoch, nonce, envelope, seen, ord)
  ), judged AS (
    SELECT i.*, l.epoch AS current_epoch, l.last_seq, l.head AS start,
           l.epoch_seq, r.session_id IS NOT NULL AS due,
           old.seq AS old_seq, old.head AS old_head, old.sent_at AS old_sent_at,
           CASE
             WHEN l.session_id IS NULL THEN 'no-session'
             WHEN old.sender = i.device_id
               AND (old.envelope = i.envelope
                    OR old.envelope = '' AND old.hash = sha256(i.envelope))
               THEN 'duplicate'
             WHEN m.device_id IS NULL THEN 'not-a-member'
             WHEN old.seq IS NOT NULL THEN 'nonce-reused'
             WHEN l.ended_at IS NOT NULL THEN 'session-ended'
             WHEN i.seen = false THEN 'view-differs'
             WHEN i.epoch <> l.epoch THEN 'epoch-changed'
             WHEN r.hard_at <= now()
               OR p_hard_messages > 0 AND l.last_seq - l.epoch_seq >= p_hard_messages
               OR p_hard_seconds > 0
                  AND l.epoch_at <= now() - make_interval(secs => p_hard_seconds)
               THEN 'rotation-required'
             WHEN i.nonce_turn > 1 THEN 'again'
             ELSE 'ok'
           END AS outcome
    FROM input i
    LEFT JOIN LATERAL (
      SELECT s.session_id, s.epoch, s.last_seq, s.head, s.epoch_at, s.epoch_seq,
             s.ended_at
      FROM hermetic.session s
      WHERE (p_bucket IS NULL OR s.session_id = ANY (p_sessions))
        AND s.session_id = i.session_id
      OFFSET 0) l ON true
    LEFT JOIN LATERAL (
      SELECT o.session_id, o.hard_at FROM hermetic.rotation o
      WHERE (p_bucket IS NULL OR o.session_id = ANY (p_sessions))
        AND o.session_id = i.session_id
      OFFSET 0) r ON true
    LEFT JOIN LATERAL (
      SELECT a.device_id FROM hermetic.active_member a
      WHERE (p_bucket IS NULL OR a.session_id = ANY (p_sessions))
        AND a.session_id = i.session_id AND a.device_id = i.device_id OFFSET 0) m ON true
    LEFT JOIN LATERAL (
      SELECT o.seq, o.head, o.hash, o.sent_at, o.envelope, o.sender
      FROM hermetic.message o
      WHERE (p_bucket IS NULL OR o.session_id = ANY (p_sessions))
        AND o.session_id = i.session_id AND o.nonce = i.nonce OFFSET 0) old ON true
  ), numbered AS (
    SELECT *, CASE WHEN outcome = 'ok' THEN sha256(envelope) END AS hash,
           last_seq + count(*) FILTER (WHERE outcome = 'ok')
                OVER (PARTITION BY session_id ORDER BY ord
                      ROWS UNBOUNDED PRECEDING) AS seq
    FROM judged
  ), chained AS (
    SELECT *, hermetic.chain2(start, seq, 1::smallint, hash)
                FILTER (WHERE outcome = 'ok')
                OVER (PARTITION BY session_id ORDER BY ord
                      ROWS UNBOUNDED PRECEDING) AS head,
           outcome = 'ok' AND p_due_messages > 0
             AND seq - epoch_seq >= p_due_messages AS late
    FROM numbered
  )
  SELECT array_agg(c.outcome ORDER BY c.ord),
         array_agg(coalesce(c.old_seq, c.seq) ORDER BY c.ord),
         array_agg(coalesce(c.old_head, c.head) ORDER BY c.ord),
         array_agg(c.hash ORDER BY c.ord),
         array_agg((extract(epoch FROM coalesce(c.old_sent_at, statement_timestamp()))
                    * 1000)::bigint ORDER BY c.ord),
         array_agg(c.current_epoch ORDER BY c.ord),
         array_agg(c.due OR c.late ORDER BY c.ord),
         array_agg(c.late AND NOT c.due ORDER BY c.ord)
    INTO v_outcomes, v_seqs, v_heads, v_hashes, v_sent_ms, v_epochs, v_due, v_late
    FROM chained c;

  IF 'ok' = ANY (v_outcomes) THEN
    INSERT INTO hermetic.message (session_id, seq, kind, epoch, sender, nonce, envelope,
                                  head, sent_at, origin, hash)
      SELECT i.session_id, i.seq, 1, i.epoch, i.device_id, i.nonce, i.envelope, i.head,
             statement_timestamp(), i.origin, i.hash
      FROM unnest(p_sessions, v_seqs, p_epochs, p_devices, p_nonces, p_envelopes,
                  v_heads, p_origins, v_hashes, v_outcomes)
           AS i(session_id, seq, epoch, device_id, nonce, envelope, head, origin, hash,
                outcome)
      WHERE i.outcome = 'ok';
    UPDATE hermetic.session s SET last_seq = c.seq, head = c.head
      FROM (SELECT DISTINCT ON (i.session_id) i.session_id, i.seq, i.head
            FROM unnest(p_sessions, v_seqs, v_heads, v_outcomes)
                 AS i(session_id, seq, head, outcome)
            WHERE i.outcome = 'ok'
            ORDER BY i.session_id, i.seq DESC) c
      WHERE (p_bucket IS NULL OR s.session_id = ANY (p_sessions))
        AND s.session_id = c.session_id;
    IF 0 < ANY (p_expires_ms) THEN
      INSERT INTO hermetic.message_expiry (session_id, seq, expires_at)
        SELECT i.session_id, i.seq, to_timestamp(i.expires_ms / 1000.0)
        FROM unnest(p_sessions, v_seqs, p_expires_ms, v_outcomes)
             AS i(session_id, seq, expires_ms, outcome)
        WHERE i.outcome = 'ok' AND i.expires_ms > 0;
    END IF;
    IF true = ANY (v_late) THEN
      INSERT INTO hermetic.rotation (session_id, reason, hard_at)
        SELECT DISTINCT i.session_id, 'messages',
               now() + make_interval(secs => p_grace_seconds)
        FROM unnest(p_sessions, v_late) AS i(session_id, late) WHERE i.late
        ON CONFLICT DO NOTHING;
    END IF;
  END IF;
  RETURN QUERY SELECT r.outcome, r.seq, r.head, r.hash, r.sent_ms, r.epoch, r.due
    FROM unnest(v_outcomes, v_seqs, v_heads, v_hashes, v_sent_ms, v_epochs, v_due)
         AS r(outcome, seq, head, hash, sent_ms, epoch, due);
END $$;

REVOKE ALL ON FUNCTION is_expected FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_expected TO hermetic_api, hermetic_mqtt_bridge;

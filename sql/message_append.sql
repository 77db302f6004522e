-- A batch of envelopes, committed as one: arrays of $1 session, $2 device,
-- $3 epoch, $4 nonce, $5 envelope, $6 origin, and the view of its sender: $7 seq
-- (-1: it is known to be right), $8 head; $13 when its bytes are to go, in Unix
-- milliseconds (0: nobody said). A row for each, in order of `ord`.
-- When keys are due: $9 messages, and $10 seconds until old ones are refused;
-- refused in any case: after $11 messages, $12 seconds. Zero: never.
--
-- Who is told that an envelope was stored has it stored, even if the device is no
-- member any more: the first answer may have been lost.
--
-- Sessions are locked in the order of their ids, so two batches never wait for
-- each other in a circle. The lock gives the newest epoch, but members are as the
-- statement found them when it began: an envelope of a session whose epoch has
-- changed in between is told so, also if it has guessed the new one. A nonce
-- that another node commits in between breaks the unique index: the batch fails
-- as a whole and is sent again.
--
-- It is planned once, perhaps while the tables are empty. OFFSET 0 keeps what is
-- looked up for each envelope from being read as a whole instead.
WITH input AS MATERIALIZED (
  SELECT i.*, row_number() OVER (PARTITION BY session_id, nonce ORDER BY ord)
              AS nonce_turn
  FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[],
              $6::text[], $7::bigint[], $8::bytea[], $13::bigint[])
       WITH ORDINALITY
       AS i(session_id, device_id, epoch, nonce, envelope, origin, view_seq,
            view_head, expires_ms, ord)
), locked AS MATERIALIZED (
  SELECT session_id, epoch, last_seq, head, epoch_at, epoch_seq, ended_at
  FROM session
  WHERE session_id = ANY ($1::uuid[])
  ORDER BY session_id
  FOR NO KEY UPDATE
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
           WHEN i.view_seq >= 0
             AND NOT has_view(i.session_id, i.view_seq, i.view_head)
             THEN 'view-differs'
           WHEN i.epoch <> l.epoch OR seen.epoch <> l.epoch
             THEN 'epoch-changed'
           WHEN r.hard_at <= now()
             OR $11::bigint > 0 AND l.last_seq - l.epoch_seq >= $11::bigint
             OR $12::bigint > 0
                AND l.epoch_at <= now() - make_interval(secs => $12::bigint)
             THEN 'rotation-required'
           WHEN i.nonce_turn > 1 THEN 'again'
           ELSE 'ok'
         END AS outcome
  FROM input i
  LEFT JOIN locked l USING (session_id)
  LEFT JOIN LATERAL (
    SELECT epoch FROM session WHERE session_id = i.session_id OFFSET 0) seen
    ON true
  LEFT JOIN LATERAL (
    SELECT session_id, hard_at FROM rotation
    WHERE session_id = i.session_id OFFSET 0) r ON true
  LEFT JOIN LATERAL (
    SELECT device_id FROM active_member
    WHERE session_id = i.session_id AND device_id = i.device_id OFFSET 0) m
    ON true
  LEFT JOIN LATERAL (
    SELECT seq, head, hash, sent_at, envelope, sender FROM message
    WHERE session_id = i.session_id AND nonce = i.nonce OFFSET 0) old ON true
), numbered AS (
  SELECT *, CASE WHEN outcome = 'ok' THEN sha256(envelope) END AS hash,
         last_seq + count(*) FILTER (WHERE outcome = 'ok')
              OVER (PARTITION BY session_id ORDER BY ord
                    ROWS UNBOUNDED PRECEDING) AS seq
  FROM judged
), chained AS MATERIALIZED (
  SELECT *, chain2(start, seq, 1::smallint, hash)
              FILTER (WHERE outcome = 'ok')
              OVER (PARTITION BY session_id ORDER BY ord
                    ROWS UNBOUNDED PRECEDING) AS head
  FROM numbered
), inserted AS (
  INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                       head, sent_at, origin, hash)
  SELECT session_id, seq, 1, epoch, device_id, nonce, envelope, head,
         statement_timestamp(), origin, hash
  FROM chained WHERE outcome = 'ok'
), expiring AS (
  INSERT INTO message_expiry (session_id, seq, expires_at)
  SELECT session_id, seq, to_timestamp(expires_ms / 1000.0)
  FROM chained WHERE outcome = 'ok' AND expires_ms > 0
), updated AS (
  UPDATE session s SET last_seq = c.seq, head = c.head
  FROM (SELECT DISTINCT ON (session_id) session_id, seq, head
        FROM chained WHERE outcome = 'ok'
        ORDER BY session_id, seq DESC) c
  WHERE s.session_id = c.session_id
), made_due AS (
  INSERT INTO rotation (session_id, reason, hard_at)
  SELECT DISTINCT session_id, 'messages',
         now() + make_interval(secs => $10::bigint)
  FROM chained
  WHERE outcome = 'ok' AND NOT due
    AND $9::bigint > 0 AND seq - epoch_seq >= $9::bigint
  ON CONFLICT DO NOTHING
)
SELECT outcome, coalesce(old_seq, seq) AS seq,
       coalesce(old_head, head) AS head, hash,
       (extract(epoch FROM coalesce(old_sent_at, statement_timestamp()))
        * 1000)::bigint AS sent_ms,
       current_epoch AS epoch,
       due OR outcome = 'ok' AND $9::bigint > 0
              AND seq - epoch_seq >= $9::bigint AS rotation_due
FROM chained
ORDER BY ord;

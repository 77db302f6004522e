-- A batch of envelopes whose places are known in advance. For each session: arrays of $1
-- session in ascending order, $2 epoch, $3 last_seq and $4 head as they should be, $5
-- last_seq and $6 head as they will be. For each envelope: $7 session, $8 device, $9 seq,
-- $10 nonce, $11 envelope, $12 head, $13 hash, $14 origin. Keys are due after $15
-- messages and $16 seconds; zero: never. Views of senders that are not known to be right:
-- $17 session, $18 seq, $19 head. Of envelopes whose bytes are to go at a time: $20
-- session, $21 seq, $22 that time in Unix milliseconds. A row for each session that was as
-- expected, by its place in $1 (sql/functions/append_expected.sql, which does the same
-- where sessions are spread over machines).
--
-- Nothing sorts before the locks: sessions come in the order of their ids, since no index
-- that fits gives another one (sql/functions/is_expected.sql).
WITH unseen AS MATERIALIZED (
  SELECT v.session_id
  FROM unnest($17::uuid[], $18::bigint[], $19::bytea[])
       AS v(session_id, seq, head)
  WHERE NOT has_view(v.session_id, v.seq, v.head)
), moved AS (
  UPDATE session s SET last_seq = e.seq, head = e.head
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[],
              $5::bigint[], $6::bytea[])
       WITH ORDINALITY
       AS e(session_id, epoch, from_seq, from_head, seq, head, ord)
  WHERE s.session_id = e.session_id
    AND is_expected(s.epoch, s.last_seq, s.head, s.epoch_seq, s.epoch_at,
                    s.ended_at, e.epoch, e.from_seq, e.from_head, e.seq,
                    $15::bigint, $16::bigint)
    AND NOT EXISTS (SELECT FROM rotation r WHERE r.session_id = s.session_id)
    AND NOT EXISTS (SELECT FROM unseen u WHERE u.session_id = s.session_id)
  RETURNING s.session_id, s.epoch, e.ord
), inserted AS (
  INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                       head, sent_at, origin, hash)
  SELECT v.session_id, m.seq, 1, v.epoch, m.device_id, m.nonce, m.envelope,
         m.head, statement_timestamp(), m.origin, m.hash
  FROM unnest($7::uuid[], $8::uuid[], $9::bigint[], $10::bytea[], $11::bytea[],
              $12::bytea[], $13::bytea[], $14::text[])
       AS m(session_id, device_id, seq, nonce, envelope, head, hash, origin)
  JOIN moved v USING (session_id)
), expiring AS (
  INSERT INTO message_expiry (session_id, seq, expires_at)
  SELECT v.session_id, e.seq, to_timestamp(e.expires_ms / 1000.0)
  FROM unnest($20::uuid[], $21::bigint[], $22::bigint[])
       AS e(session_id, seq, expires_ms)
  JOIN moved v USING (session_id)
)
SELECT ord, (extract(epoch FROM statement_timestamp()) * 1000)::bigint
              AS sent_ms
FROM moved;

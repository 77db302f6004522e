-- One envelope whose place is known in advance, and whose sender's view is known to be
-- right: what message_append_expected does for a batch of this one, and by the same
-- conditions, in a plan that is a third of that one. $1 session, $2 epoch, $3 last_seq and
-- $4 head as they should be, $5 last_seq and $6 head as they will be, $7 device, $8 nonce,
-- $9 envelope, $10 hash, $11 origin. Keys are due after $12 messages and $13 seconds; zero:
-- never. A row if it was stored.
WITH moved AS (
  UPDATE session s SET last_seq = $5::bigint, head = $6::bytea
  WHERE s.session_id = $1::uuid
    AND is_expected(s.epoch, s.last_seq, s.head, s.epoch_seq, s.epoch_at,
                    s.ended_at, $2::bigint, $3::bigint, $4::bytea, $5::bigint,
                    $12::bigint, $13::bigint)
    AND NOT EXISTS (SELECT FROM rotation r WHERE r.session_id = $1::uuid)
  RETURNING s.session_id, s.epoch
)
INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                     head, sent_at, origin, hash)
SELECT v.session_id, $5::bigint, 1, v.epoch, $7::uuid, $8::bytea, $9::bytea,
       $6::bytea, statement_timestamp(), $11::text, $10::bytea
FROM moved v
RETURNING 1::bigint AS ord,
          (extract(epoch FROM sent_at) * 1000)::bigint AS sent_ms;

-- A batch of envelopes, committed as one: arrays of $1 session, $2 device, $3 epoch,
-- $4 nonce, $5 envelope, $6 origin, and the view of its sender: $7 seq, $8 head; $13 when
-- its bytes are to go. When keys are due: $9 messages, and $10 seconds until old ones are
-- refused; refused in any case: after $11 messages, $12 seconds. $14: NULL, or one
-- of the sessions. A row for each (sql/functions/append_judged.sql).
SELECT outcome, seq, head, hash, sent_ms, epoch, rotation_due
FROM append_judged($14::uuid, $1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[],
                   $5::bytea[], $6::text[], $7::bigint[], $8::bytea[], $9::bigint,
                   $10::bigint, $11::bigint, $12::bigint, $13::bigint[]);

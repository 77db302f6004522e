-- A batch of envelopes whose places are known in advance
-- (sql/functions/append_expected.sql). For each session: arrays of $1 session in ascending
-- order, $2 epoch, $3 last_seq and $4 head as they should be, $5 last_seq and $6 head as
-- they will be. For each envelope: $7 session, $8 device, $9 seq, $10 nonce, $11 envelope,
-- $12 head, $13 hash, $14 origin. Keys are due after $15 messages and $16 seconds. Views
-- of senders that are not known to be right: $17 session, $18 seq, $19 head. Of envelopes
-- whose bytes are to go at a time: $20 session, $21 seq, $22 that time. $23: NULL, or one of
-- the sessions. A row for each session that was as expected.
SELECT ord, sent_ms
FROM append_expected($23::uuid, $1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[],
                     $5::bigint[], $6::bytea[], $7::uuid[], $8::uuid[], $9::bigint[],
                     $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[],
                     $14::text[], $15::bigint, $16::bigint, $17::uuid[],
                     $18::bigint[], $19::bytea[], $20::uuid[], $21::bigint[],
                     $22::bigint[]);

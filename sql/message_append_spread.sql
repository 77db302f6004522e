-- As message_append_expected, where sessions are spread over machines: a call, which is handed on
-- to the machine of $23, one of the sessions. All others are in the same bucket
-- (sql/functions/append_expected.sql, docs/adr/0074).
SELECT ord, sent_ms
FROM append_expected($23::uuid, $1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[],
                     $5::bigint[], $6::bytea[], $7::uuid[], $8::uuid[], $9::bigint[],
                     $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[],
                     $14::text[], $15::bigint, $16::bigint, $17::uuid[],
                     $18::bigint[], $19::bytea[], $20::uuid[], $21::bigint[],
                     $22::bigint[]);

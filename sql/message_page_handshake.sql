-- The log as a reader who follows a group without its keys needs it: $1 session, $2 user,
-- $3 after this seq, $4 limit, $5 bytes (sql/functions/page_handshake.sql).
SELECT member, first_seq, position, seq, kind, epoch, sender, envelope, head, hash,
       sent_ms, last_seq
FROM page_handshake($1::uuid, $2::uuid, $3::bigint, $4::integer, $5::bigint);

-- $1 session, $2 device, $3 epoch, $4 sender's leaf, $5 algorithm, $6 epoch
-- afterwards, $7 devices, $8 user names and $9 leaves of the new group, $10 the
-- two nonces, $11 commit, $12 Welcome, $13 GroupInfo
SELECT outcome, seq, head, epoch
FROM move_session($1::uuid, $2::uuid, $3::bigint, $4::integer, $5::text,
                  $6::bigint, $7::uuid[], $8::text[], $9::integer[],
                  $10::bytea[], $11::bytea, $12::bytea, $13::bytea);

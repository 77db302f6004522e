-- $1 session, $2 device, $3 file, $4 its size; what there may be: $5 bytes and $6 files of
-- the account, $7 and $8 of the session; $9 whether its bytes go to objects
SELECT outcome, stored, of_session, bytes_left, count_left, objects
FROM create_file($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::bigint, $6::bigint,
                 $7::bigint, $8::bigint, $9::boolean);

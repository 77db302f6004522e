-- $1 session, $2 device, $3 file, $4 offset, $5 the piece's number, $6 bytes, or NULL and
-- $7 the object that has them
SELECT outcome, stored
FROM append_file($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::integer, $6::bytea,
                 $7::uuid);

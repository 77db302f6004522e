-- $1 session, $2 device, $3 the message's nonce, $4 files
SELECT name_files($1::uuid, $2::uuid, $3::bytea, $4::uuid[]) AS outcome;

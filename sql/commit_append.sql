-- $1 session, $2 user, $3 device, $4 epoch, $5 sender's leaf (NULL: external),
-- $6 removed leaves, $7 added devices, $8 the user names in their credentials,
-- $9 nonce, $10 commit, $11 GroupInfo, $12 Welcome or NULL, $13 has a path, $14
-- how many members had departed when it was checked
SELECT outcome, seq, head, epoch
FROM append_commit($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::integer,
                   $6::integer[], $7::uuid[], $8::text[], $9::bytea,
                   $10::bytea, $11::bytea, $12::bytea, $13::boolean,
                   $14::bigint);

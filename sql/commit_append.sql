-- $1 session, $2 user, $3 device, $4 epoch, $5 sender's leaf (NULL: external),
-- $6 removed leaves, $7 added devices, $8 the user names in their credentials,
-- $9 nonce, $10 commit, $11 GroupInfo or NULL, $12 Welcome or NULL, $13 has a path, $14
-- how many members had departed when it was checked, $15 how many members a session
-- may have, $16 the part of the GroupInfo where that is not given whole, $17 the
-- fingerprints in hexadecimal of whom the group invites behind it, where it says so and a member has made
-- the commit: nobody else is invited any more (sql/functions/take_commit.sql).
SELECT outcome, seq, head, epoch, uninvited
FROM take_commit($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::integer, $6::integer[],
                 $7::uuid[], $8::text[], $9::bytea, $10::bytea, $11::bytea,
                 $12::bytea, $13::boolean, $14::bigint, $16::bytea, $15::bigint,
                 $17::text[]);

-- $1 session, $2 user, $3 device, $4 epoch, $5 sender's leaf (NULL: external),
-- $6 removed leaves, $7 added devices, $8 the user names in their credentials,
-- $9 nonce, $10 commit, $11 GroupInfo or NULL, $12 Welcome or NULL, $13 has a path, $14
-- how many members had departed when it was checked, $15 how many members a session
-- may have, $16 the part of the GroupInfo where that is not given whole, $17 the
-- fingerprints in hexadecimal of whom the group invites behind it, where it says so and a member has made
-- the commit: nobody else is invited any more
WITH room AS MATERIALIZED (
  SELECT cardinality($7::uuid[]) = 0 AND $5::integer IS NOT NULL
         OR (SELECT count(*) FROM session_member WHERE session_id = $1::uuid)
            + cardinality($7::uuid[]) + ($5::integer IS NULL)::integer
            - cardinality($6::integer[]) <= $15::bigint
         OR EXISTS (SELECT FROM message
                    WHERE session_id = $1::uuid AND nonce = $9::bytea) AS free
), appended AS MATERIALIZED (
  SELECT c.outcome, c.seq, c.head, c.epoch
  FROM room CROSS JOIN LATERAL
    append_commit($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::integer,
                  $6::integer[], $7::uuid[], $8::text[], $9::bytea,
                  $10::bytea, $11::bytea, $12::bytea, $13::boolean,
                  $14::bigint, $16::bytea) AS c
  WHERE room.free
  UNION ALL
  SELECT 'quota-exceeded', NULL, NULL, $4::bigint FROM room WHERE NOT room.free
)
SELECT outcome, seq, head, epoch,
       CASE WHEN outcome = 'ok' AND $17::text[] IS NOT NULL
            THEN uninvite($1::uuid, $17::text[]) END AS uninvited
FROM appended;

-- $1 session, $2 user, $3 generation (sql/functions/first_group_info_of.sql). It is whole:
-- `part` is for who reads it as the one of now.
SELECT epoch, seq, head, group_info, false AS known, NULL::bytea AS part,
       NULL::bytea AS since, may_join
FROM first_group_info_of($1::uuid, $2::uuid, $3::bigint);

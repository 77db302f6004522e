-- $1 session, $2 user, $3 device, $4 algorithm, $5 join policy, $6 GroupInfo,
-- $7 usernames to invite
SELECT outcome, head,
       (extract(epoch FROM created_at) * 1000)::bigint AS created_ms,
       unknown_username
FROM create_session($1::uuid, $2::uuid, $3::uuid, $4::text, $5::text,
                    $6::bytea, $7::text[]);

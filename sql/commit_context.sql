-- What a commit is checked against: $1 session, $2 user, $3 device, and what its
-- sender has seen of the log: $4 seq, $5 head (NULL: it says nothing). `departed`:
-- members that anybody may remove, as in their credentials, a line each. No
-- row: no such session.
SELECT g.epoch, g.group_info,
       $4::bigint IS NULL OR has_view($1::uuid, $4::bigint, $5::bytea) AS seen,
       may_join($1::uuid, $2::uuid) AS may_join,
       EXISTS (SELECT FROM active_member m
               WHERE m.session_id = g.session_id
                 AND m.device_id = $3::uuid) AS member,
       (SELECT string_agg(a.username || '/' || d.device_id, E'\n')
        FROM session_member m
        JOIN device d USING (device_id)
        JOIN account a USING (user_id)
        WHERE m.session_id = g.session_id
          AND m.departed_at IS NOT NULL) AS departed
FROM group_info g WHERE g.session_id = $1::uuid;

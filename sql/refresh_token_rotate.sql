-- $1 old hash, $2 new hash, $3 life in seconds, $4 grace in seconds, $5 how many new
-- tokens a family may have in a minute
SELECT r.outcome, r.family_id, r.device_id, r.user_id, r.username, d.pending, r.ended,
       r.wait
FROM rotate_refresh_token($1::bytea, $2::bytea,
                          now() + make_interval(secs => $3::bigint),
                          make_interval(secs => $4::bigint), $5::bigint) AS r
LEFT JOIN device d USING (device_id);

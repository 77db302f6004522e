-- $1 old hash, $2 new hash, $3 life in seconds
SELECT outcome, family_id, device_id, user_id, username
FROM rotate_refresh_token($1::bytea, $2::bytea,
                          now() + make_interval(secs => $3::bigint));

-- What else there is of sessions that ended $1 seconds ago, once their messages have gone.
SELECT CASE WHEN pg_try_advisory_xact_lock(1214606957, 7)
            THEN drop_sessions($1::bigint) ELSE 0 END AS count;

-- Files that no message has named for $1 seconds, or names any more.
SELECT CASE WHEN pg_try_advisory_xact_lock(1214606957, 18)
            THEN expire_files($1::bigint) ELSE 0 END AS count;

-- Drops the bytes of messages older than $1 seconds; 0: of none.
SELECT CASE WHEN pg_try_advisory_xact_lock(1214606957, 8)
            THEN expire_history($1::bigint) ELSE 0 END AS count;

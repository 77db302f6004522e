-- Drops the bytes of messages whose time has come.
SELECT CASE WHEN pg_try_advisory_xact_lock(1214606957, 17)
            THEN expire_messages() ELSE 0 END AS count;

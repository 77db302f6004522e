-- Goes on with devices that have ended.
SELECT CASE WHEN pg_try_advisory_xact_lock(1214606957, 20)
            THEN end_devices() ELSE 0 END AS count;

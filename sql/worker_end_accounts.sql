-- Goes on with accounts that are being erased.
SELECT CASE WHEN pg_try_advisory_xact_lock(1214606957, 19)
            THEN end_accounts() ELSE 0 END AS count;

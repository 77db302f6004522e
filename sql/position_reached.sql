-- On a standby: has it replayed all up to $1, a position of the log? It is asked
-- before the reading statement begins, whose view is then no older.
SELECT pg_is_in_recovery()
       AND coalesce(pg_last_wal_replay_lsn() - '0/0'::pg_lsn >= $1::bigint,
                    false) AS reached;

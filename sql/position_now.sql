-- On the primary: all that is committed durably by now is before this position.
SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS position;

-- Which cluster this is, and its timeline: of a standby the one that it has
-- reached for certain, which may lag by a checkpoint.
SELECT s.system_identifier,
       CASE WHEN pg_is_in_recovery()
            THEN greatest(c.timeline_id, r.min_recovery_end_timeline)
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
       END AS timeline,
       -- over how many shards the sessions are, where the transaction has counted them
       current_setting('hermetic.shards', true) AS shards
  FROM pg_control_system() s, pg_control_checkpoint() c, pg_control_recovery() r;

-- Messages of sessions that ended $1 seconds ago, some at a time.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 6) AS mine
), old AS (
  SELECT m.session_id, m.seq
  FROM session s JOIN message m USING (session_id)
  WHERE (SELECT mine FROM turn)
    AND s.ended_at < now() - make_interval(secs => $1::bigint)
  LIMIT 1000
), dropped AS (
  DELETE FROM message m USING old o
  WHERE m.session_id = o.session_id AND m.seq = o.seq
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;

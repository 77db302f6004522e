-- Messages older than $1 seconds, always from the start of a log on. Where a
-- log begins now, and the chain's head there, is kept.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 8) AS mine
), some_old AS (
  SELECT session_id, seq FROM message
  WHERE (SELECT mine FROM turn) AND $1::bigint > 0
    AND sent_at < now() - make_interval(secs => $1::bigint)
  LIMIT 1000
), up_to AS MATERIALIZED (
  SELECT session_id, max(seq) AS seq FROM some_old GROUP BY session_id
), floors AS (
  INSERT INTO history_floor AS f (session_id, seq, head)
  SELECT u.session_id, u.seq + 1, m.head
  FROM up_to u JOIN message m USING (session_id, seq)
  ON CONFLICT (session_id) DO UPDATE
    SET seq = excluded.seq, head = excluded.head
    WHERE f.seq < excluded.seq
), dropped AS (
  DELETE FROM message m USING up_to u
  WHERE m.session_id = u.session_id AND m.seq <= u.seq
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;

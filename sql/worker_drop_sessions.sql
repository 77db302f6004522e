-- What else there is of a session that ended $1 seconds ago, once its messages
-- have gone. Several statements in one: each sees the rows as they were, and
-- the references are checked at the end.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 7) AS mine
), old AS MATERIALIZED (
  SELECT s.session_id
  FROM session s
  WHERE s.ended_at < now() - make_interval(secs => $1::bigint)
    AND NOT EXISTS (SELECT FROM message m WHERE m.session_id = s.session_id)
  LIMIT 1000
), ours AS MATERIALIZED (
  SELECT session_id FROM turn CROSS JOIN old WHERE mine
), infos AS (
  DELETE FROM group_info g USING ours o WHERE g.session_id = o.session_id
), members AS (
  DELETE FROM session_member m USING ours o WHERE m.session_id = o.session_id
), invitations AS (
  DELETE FROM invitation i USING ours o WHERE i.session_id = o.session_id
), welcomes AS (
  DELETE FROM welcome w USING ours o WHERE w.session_id = o.session_id
), dropped AS (
  DELETE FROM session s USING ours o WHERE s.session_id = o.session_id
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;

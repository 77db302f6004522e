-- What a process has counted since it last told: $1 names (keyed hashes), $2 their
-- debts in microseconds, $3 the largest debt that each may have. Back comes what all
-- have counted. What is paid goes, some at a time.
WITH told AS MATERIALIZED (
  SELECT name, sum(debt) * interval '1 microsecond' AS debt,
         max(most) * interval '1 microsecond' AS most
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS i(name, debt, most)
  GROUP BY name
), old AS (
  DELETE FROM allowance WHERE name = ANY (ARRAY(
    SELECT name FROM allowance
    WHERE free_at < now() - interval '1 minute' AND name <> ALL ($1::bigint[])
    ORDER BY free_at LIMIT 1000 FOR UPDATE SKIP LOCKED))
)
INSERT INTO allowance AS a (name, free_at)
SELECT name, now() + least(debt, most) FROM told ORDER BY name
ON CONFLICT (name) DO UPDATE
  SET free_at = least(greatest(a.free_at, now()) + (excluded.free_at - now()),
                      now() + (SELECT most FROM told t
                               WHERE t.name = excluded.name))
RETURNING a.name,
  greatest(extract(epoch FROM a.free_at - now()) * 1000000, 0)::bigint AS debt;

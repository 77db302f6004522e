-- What a worker has counted since it last told: $1 names, $2 tries. Back comes
-- what all have counted in this minute; what is older goes.
WITH old AS (
  DELETE FROM attempt WHERE (minute, name) IN (
    SELECT minute, name FROM attempt
    WHERE minute < date_trunc('minute', now())
    LIMIT 1000 FOR UPDATE SKIP LOCKED)
)
INSERT INTO attempt AS a (minute, name, count)
SELECT date_trunc('minute', now()), i.name, sum(i.count)::bigint
FROM unnest($1::bigint[], $2::bigint[]) AS i(name, count)
GROUP BY i.name ORDER BY i.name
ON CONFLICT (minute, name) DO UPDATE SET count = a.count + excluded.count
RETURNING a.name, a.count;

-- $1 fingerprints, and what is kept of each log: $2 the branch and $3 the number of its
-- last link (0: nothing is kept), $4 that link's hash; $5 how many branches are wanted
-- beside the one that counts; and of each log the place of a link whose branch is wanted,
-- too: $6 number (0: none is), $7 hash. Links of these logs, by branch, which is the number
-- of that one: the log that counts is the last one, from its first link on behind those of
-- the ones before it. Where what is kept still stands, only the last link that is kept,
-- those behind it, and the branches that came since. Otherwise the branches that are wanted,
-- and of the others what stands in these.
SELECT q.fingerprint, b.branch, k.number, k.link
FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bytea[], $6::bigint[],
            $7::bytea[])
     AS q(fingerprint, branch, number, hash, place_number, place_hash)
CROSS JOIN LATERAL (
  SELECT max(o.branch) AS newest, max(o.branch) - $5::bigint AS oldest
  FROM stored_link o WHERE o.fingerprint = q.fingerprint
) n
CROSS JOIN LATERAL (
  SELECT q.branch >= n.oldest
         AND EXISTS (SELECT FROM stored_link o
                     WHERE o.fingerprint = q.fingerprint AND o.branch = q.branch
                       AND o.number = q.number AND o.hash = q.hash) AS stands
) s
CROSS JOIN LATERAL (
  SELECT min(c.branch) AS branch
  FROM generate_series(0, n.oldest) AS c(branch)
  CROSS JOIN LATERAL (
    SELECT FROM stored_link o
    WHERE o.fingerprint = q.fingerprint AND o.branch = c.branch
      AND o.number = q.place_number AND o.hash = q.place_hash OFFSET 0) o
  WHERE q.place_number > 0 AND NOT s.stands
) w
CROSS JOIN LATERAL (
  SELECT c.branch, CASE WHEN c.branch = q.branch THEN q.number ELSE 0 END AS first,
         NULL::bigint AS behind
  FROM generate_series(q.branch, n.newest) AS c(branch)
  WHERE s.stands
  UNION ALL
  SELECT c.branch, 0,
         CASE WHEN c.branch <= w.branch THEN older.behind ELSE later.behind END
  FROM generate_series(0, n.newest) AS c(branch)
  LEFT JOIN account_branches(q.fingerprint, w.branch) older USING (branch)
  LEFT JOIN account_branches(q.fingerprint, n.oldest) later USING (branch)
  WHERE NOT s.stands
) b
CROSS JOIN LATERAL (
  SELECT o.number, o.link FROM stored_link o
  WHERE o.fingerprint = q.fingerprint AND o.branch = b.branch
    AND o.number >= b.first AND (b.behind IS NULL OR o.number < b.behind)
  OFFSET 0
) k
ORDER BY q.fingerprint, b.branch, k.number;

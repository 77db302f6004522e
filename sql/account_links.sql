-- $1 fingerprints, and what is kept of each log: $2 the branch and $3 the number of its
-- last link (0: nothing is kept), $4 that link's hash. All links of these logs, by
-- branch, which is the number of that one: the log that counts is the last one, from its
-- first link on behind those of the ones before it. Where what is kept still stands in the
-- log that counts, only the last link that is kept, and those behind it.
SELECT q.fingerprint, k.branch, k.number, k.link
FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bytea[])
     AS q(fingerprint, branch, number, hash)
CROSS JOIN LATERAL (
  SELECT EXISTS (SELECT FROM stored_link o
                 WHERE o.fingerprint = q.fingerprint AND o.branch = q.branch
                   AND o.number = q.number AND o.hash = q.hash)
         AND NOT EXISTS (SELECT FROM stored_link o
                         WHERE o.fingerprint = q.fingerprint
                           AND o.branch > q.branch) AS stands
) s
CROSS JOIN LATERAL (
  SELECT o.branch, o.number, o.link FROM stored_link o
  WHERE NOT s.stands AND o.fingerprint = q.fingerprint
  UNION ALL
  SELECT o.branch, o.number, o.link FROM stored_link o
  WHERE s.stands AND o.fingerprint = q.fingerprint AND o.branch = q.branch
    AND o.number >= q.number
) k
ORDER BY q.fingerprint, k.branch, k.number;

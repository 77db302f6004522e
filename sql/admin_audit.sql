-- $1 after this number, $2 how many. Where the chain ends comes with each row, also
-- where there is none.
SELECT e.n AS last, e.hash AS last_hash, a.n, a.at_us, a.actor, a.event, a.subject,
       a.detail, a.hash
FROM audit_end e LEFT JOIN LATERAL (
  SELECT * FROM audit WHERE n > $1::bigint ORDER BY n LIMIT $2::integer) a ON true
ORDER BY a.n;

-- The entries after number $1, at most $2 of them. Each row also has the end of the
-- chain; where there is no entry, one row has that end alone.
SELECT CASE WHEN a.n IS NOT NULL THEN json_build_object('n', a.n, 'at_us', a.at_us,
         'actor', a.actor, 'event', a.event, 'subject', a.subject, 'detail', a.detail,
         'hash', encode(a.hash, 'hex'))::text END AS json,
       NULL::text AS line, a.n::text AS at,
       e.n AS last, e.hash AS last_hash, a.n, a.at_us, a.actor, a.event, a.subject,
       a.detail, a.hash
FROM audit_end e LEFT JOIN LATERAL (
  SELECT * FROM audit WHERE n > $1::bigint ORDER BY n LIMIT $2::integer) a ON true
ORDER BY a.n;

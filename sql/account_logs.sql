-- $1 user names, empty where $2 has a fingerprint; $3 after which number; $4 how
-- many links of each; $5 how many bytes in all; $6 who asks, for whom
-- a name of who has blocked that one is nobody's. For each account that there is,
-- by its place in these lists: a row for each link, or one with NULLs. The first
-- link of each comes whatever its size.
WITH asked AS (
  SELECT q.place, a.username, l.fingerprint, l.salt,
         (SELECT e.number FROM account_log_end(l.fingerprint) e) AS last,
         q.after
  FROM unnest($1::text[], $2::bytea[], $3::bigint[]) WITH ORDINALITY
       AS q(name, print, after, place)
  LEFT JOIN account_log p ON p.fingerprint = q.print
  CROSS JOIN LATERAL ( -- each by an index of its own
    SELECT user_id, username FROM account WHERE username = visible_name(q.name, $6::uuid)
    UNION
    SELECT user_id, username FROM account WHERE user_id = p.user_id) a
  LEFT JOIN LATERAL (
    SELECT fingerprint, salt FROM account_log
    WHERE fingerprint = p.fingerprint
    UNION ALL
    SELECT fingerprint, salt FROM account_log
    WHERE p.fingerprint IS NULL AND user_id = a.user_id
      AND replaced_at IS NULL) l ON true
), found AS (
  SELECT s.*, k.number, k.link,
         sum(length(k.link)) OVER (ORDER BY s.place, k.number) AS bytes
  FROM asked s LEFT JOIN LATERAL
    account_links_behind(s.fingerprint, s.after, $4::bigint) k ON true
)
SELECT place, username, fingerprint, salt, last, number,
       CASE WHEN bytes <= $5::bigint OR number = after + 1 THEN link END AS link
FROM found
ORDER BY place, number;

-- $1 user names, empty where $2 has a fingerprint; $3 after which number; $4 how
-- many links of each; $5 how many bytes in all. For each account that there is,
-- by its place in these lists: a row for each link, or one with NULLs. The first
-- link of each comes whatever its size.
WITH asked AS (
  SELECT q.place, a.username, l.fingerprint, l.salt,
         (SELECT max(k.number) FROM account_link k
          WHERE k.fingerprint = l.fingerprint) AS last,
         q.after
  FROM unnest($1::text[], $2::bytea[], $3::bigint[]) WITH ORDINALITY
       AS q(name, print, after, place)
  LEFT JOIN account_log p ON p.fingerprint = q.print
  JOIN account a ON a.username = q.name OR a.user_id = p.user_id
  LEFT JOIN account_log l ON CASE WHEN p.fingerprint IS NULL
    THEN l.user_id = a.user_id AND l.replaced_at IS NULL
    ELSE l.fingerprint = p.fingerprint END
), found AS (
  SELECT s.*, k.number, k.link,
         sum(length(k.link)) OVER (ORDER BY s.place, k.number) AS bytes
  FROM asked s LEFT JOIN LATERAL (
    SELECT number, link FROM account_link
    WHERE fingerprint = s.fingerprint AND number > s.after
    ORDER BY number LIMIT $4::bigint
  ) k ON true
)
SELECT place, username, fingerprint, salt, last, number,
       CASE WHEN bytes <= $5::bigint OR number = after + 1 THEN link END AS link
FROM found
ORDER BY place, number;

-- $1 user, $2 the hash that was compared. A row for each family of tokens that this
-- ended, at least one.
SELECT c.outcome, f.family_id
FROM close_account($1::uuid, $2::bytea) AS c
LEFT JOIN LATERAL unnest(c.ended) AS f(family_id) ON true;

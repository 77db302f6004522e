-- $1 fingerprint, $2 hash of the link before the branch, $3 that of the last link that
-- the log has, $4 number of the first link, $5 hashes, $6 links, $7 the entries that
-- `add`s among them bring, else empty, $8 the numbers of the devices that stand in the
-- branch. A row for each family of tokens that ended, at least one.
SELECT t.outcome, t.last, f.family_id
FROM take_account_branch($1::bytea, $2::bytea, $3::bytea, $4::bigint, $5::bytea[],
                         $6::bytea[], $7::bytea[], $8::bigint[]) AS t
LEFT JOIN LATERAL unnest(t.ended) AS f(family_id) ON true;

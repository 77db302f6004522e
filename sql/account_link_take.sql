-- $1 user, $2 the caller's device, $3 fingerprint, $4 number, $5 hash of the link
-- before, $6 hash, $7 link, $8 salt of the first one, else NULL, $9 the first one of an
-- account that begins anew, $10 the entry that an `add` brings, else NULL, $11 the
-- numbers that a `remove` ends. A row for each family of tokens that ended, at least
-- one.
SELECT t.outcome, t.last, f.family_id
FROM take_account_link($1::uuid, $2::uuid, $3::bytea, $4::bigint, $5::bytea,
                       $6::bytea, $7::bytea, $8::bytea, $9::boolean, $10::bytea,
                       $11::bigint[]) AS t
LEFT JOIN LATERAL unnest(t.ended) AS f(family_id) ON true;

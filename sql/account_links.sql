-- $1 fingerprints: all links of these logs, in order.
SELECT fingerprint, link
FROM account_link
WHERE fingerprint = ANY ($1::bytea[])
ORDER BY fingerprint, number;

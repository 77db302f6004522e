-- $1 fingerprints: all links of these logs, by branch, which is the number of that one:
-- the log that counts is the last one, from its first link on behind those of the ones
-- before it.
SELECT fingerprint, branch, number, link
FROM stored_link
WHERE fingerprint = ANY ($1::bytea[])
ORDER BY fingerprint, branch, number;

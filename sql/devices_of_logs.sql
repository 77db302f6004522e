-- $1 fingerprints, $2 numbers: the devices that these are of, each with its place in
-- the lists. One that waits or was removed does not come.
SELECT i.place, d.device_id, a.username
FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY
     AS i(fingerprint, number, place)
JOIN device d ON d.fingerprint = i.fingerprint AND d.link_number = i.number
             AND d.removed_at IS NULL AND NOT d.pending
JOIN account a USING (user_id);

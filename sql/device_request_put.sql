-- $1 device, $2 its entry, $3 the request: in the place of an earlier one. No row: the
-- device stands in a log already. `taken`: a link of the account brings the entry, or
-- another device had it, so it is not this device's, and nothing was put. Otherwise a row
-- for each device of the account that can approve, one with NULL when there is none.
WITH asking AS (
  SELECT d.device_id, d.user_id,
         d.lost_entry IS DISTINCT FROM $2::bytea
         AND (EXISTS (SELECT FROM account_log l
                      CROSS JOIN LATERAL (
                        SELECT FROM stored_link k
                        WHERE k.fingerprint = l.fingerprint
                          AND sha256(account_link_entry(k.link)) = sha256($2::bytea)
                        OFFSET 0) k
                      WHERE l.user_id = d.user_id)
              OR EXISTS (SELECT FROM device o
                         WHERE o.user_id = d.user_id
                           AND o.lost_entry = $2::bytea)) AS taken
  FROM device d
  WHERE d.device_id = $1::uuid AND d.link_number IS NULL AND d.removed_at IS NULL
),
asked AS (
  INSERT INTO device_request (device_id, entry, request)
  SELECT device_id, $2::bytea, $3::bytea FROM asking
  WHERE NOT taken
  ON CONFLICT (device_id) DO UPDATE
    SET entry = excluded.entry, request = excluded.request, answer = NULL,
        created_at = now()
)
SELECT a.taken, o.device_id AS other
FROM asking a
LEFT JOIN device o ON NOT a.taken
                  AND o.user_id = a.user_id AND o.device_id <> a.device_id
                  AND NOT o.pending AND o.removed_at IS NULL;

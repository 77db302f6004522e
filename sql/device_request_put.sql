-- $1 device, $2 its entry, $3 the request: in the place of an earlier one. No row: the
-- device stands in a log already. Otherwise a row for each device of the account that
-- can approve, one with NULL when there is none.
WITH asked AS (
  INSERT INTO device_request (device_id, entry, request)
  SELECT device_id, $2::bytea, $3::bytea FROM device
  WHERE device_id = $1::uuid AND link_number IS NULL AND removed_at IS NULL
  ON CONFLICT (device_id) DO UPDATE
    SET entry = excluded.entry, request = excluded.request, answer = NULL,
        created_at = now()
  RETURNING device_id
)
SELECT o.device_id AS other
FROM asked JOIN device d USING (device_id)
LEFT JOIN device o ON o.user_id = d.user_id AND o.device_id <> d.device_id
                  AND NOT o.pending AND o.removed_at IS NULL;

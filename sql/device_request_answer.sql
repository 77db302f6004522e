-- $1 device, $2 its user, $3 the answer. No row: it asks nothing; `pending`: the
-- link that adds it is not in the log yet, and nothing was stored.
WITH found AS (
  SELECT r.device_id, d.pending OR d.link_number IS NULL AS pending
  FROM device_request r JOIN device d USING (device_id)
  WHERE r.device_id = $1::uuid AND d.user_id = $2::uuid AND d.removed_at IS NULL
), answered AS (
  UPDATE device_request SET answer = $3::bytea
  WHERE device_id IN (SELECT device_id FROM found WHERE NOT pending)
)
SELECT pending FROM found;

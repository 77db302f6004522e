-- $1 device, $2 its user. No row: it asks nothing. A device that waits ends with its
-- tokens; one that was there before logs were goes on.
WITH found AS MATERIALIZED (
  SELECT r.device_id, d.pending FROM device_request r JOIN device d USING (device_id)
  WHERE r.device_id = $1::uuid AND d.user_id = $2::uuid
    AND d.removed_at IS NULL AND d.link_number IS NULL
), ended AS MATERIALIZED (
  SELECT end_device(device_id) AS families FROM found WHERE pending
), dropped AS (
  DELETE FROM device_request
  WHERE device_id IN (SELECT device_id FROM found WHERE NOT pending)
)
SELECT f.device_id, e.family_id FROM found f LEFT JOIN (
  SELECT unnest(families) AS family_id FROM ended) AS e ON true;

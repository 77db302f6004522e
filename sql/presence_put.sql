-- $1 devices that are connected here. Those that are there as of a few seconds
-- ago are left as they are.
INSERT INTO presence AS p (device_id, seen_at)
SELECT DISTINCT d.device_id, now()
FROM unnest($1::uuid[]) AS i(device_id) JOIN device d USING (device_id)
ORDER BY d.device_id
ON CONFLICT (device_id) DO UPDATE SET seen_at = excluded.seen_at
  WHERE p.seen_at < now() - interval '5 seconds';

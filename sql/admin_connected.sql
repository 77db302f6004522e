-- $1 after this device, $2 how many: devices that are connected somewhere.
SELECT row_to_json(c)::text AS json,
       format('%-32s %s %s', username, device_id, name) AS line,
       device_id::text AS at
FROM (
  SELECT a.username, d.device_id, d.name,
         (extract(epoch FROM p.seen_at) * 1000)::bigint AS seen_at
  FROM presence p JOIN device d USING (device_id) JOIN account a USING (user_id)
  WHERE p.seen_at > now() - interval '90 seconds' AND p.device_id > $1::uuid
    AND d.removed_at IS NULL
  ORDER BY p.device_id LIMIT $2::integer) AS c
ORDER BY device_id;

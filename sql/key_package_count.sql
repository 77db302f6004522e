SELECT algorithm, count(*) FILTER (WHERE NOT last_resort) AS available,
       bool_or(last_resort) AS last_resort
FROM key_package
WHERE device_id = $1::uuid AND expires_at > now()
GROUP BY algorithm
ORDER BY algorithm;

INSERT INTO device (device_id, user_id, name)
VALUES ($1::uuid, $2::uuid, $3::text)
RETURNING device_id;

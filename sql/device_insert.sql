-- $1 device, $2 its user, $3 its name, $4 how many devices an account may have beside
-- those that wait: with so many, no row comes.
SELECT device_id, pending, ended
FROM insert_device($1::uuid, $2::uuid, $3::text, $4::bigint);

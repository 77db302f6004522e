-- $1 device, $2 the API's token or NULL. False: no such device.
SELECT admin_device_end($1::uuid, $2::uuid) AS done;

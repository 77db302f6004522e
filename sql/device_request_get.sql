-- $1 device, $2 its user.
SELECT d.pending, r.answer FROM device_request r JOIN device d USING (device_id)
WHERE r.device_id = $1::uuid AND d.user_id = $2::uuid AND d.removed_at IS NULL;

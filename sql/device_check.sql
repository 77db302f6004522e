-- A device that belongs to the user and was not removed.
SELECT device_id, pending FROM device
WHERE device_id = $1::uuid AND user_id = $2::uuid AND removed_at IS NULL;

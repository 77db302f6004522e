-- Whether each credential names the account that its device belongs to, and the device has
-- not ended.
CREATE OR REPLACE FUNCTION devices_have_names(p_devices uuid[], p_names text[])
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN cardinality(p_devices) = 0 OR cardinality(p_devices) = (
    SELECT count(*)
    FROM unnest(p_devices, p_names) AS i(device, name)
    JOIN hermetic.device d ON d.device_id = i.device AND d.removed_at IS NULL
    JOIN hermetic.account a ON a.user_id = d.user_id AND a.username = i.name);
END $$;

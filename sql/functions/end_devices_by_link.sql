-- These devices end by a link of their account's log, as far as they stand. Gives the
-- families of tokens that ended. Only such a device may be one again, by a branch that
-- counts before that link (take_account_branch()).
CREATE OR REPLACE FUNCTION end_devices_by_link(p_devices uuid[])
RETURNS uuid[] LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_device uuid;
  families uuid[] := '{}';
BEGIN
  FOR v_device IN SELECT device_id FROM device
                  WHERE device_id = ANY (p_devices) AND removed_at IS NULL
                  ORDER BY device_id LOOP
    families := families || end_device(v_device);
    UPDATE device SET removed_by_link = true WHERE device_id = v_device;
  END LOOP;
  RETURN families;
END $$;

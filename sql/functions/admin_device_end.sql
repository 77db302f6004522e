-- Ends a device, as if its person had: it is served nothing more. Where it stands in the
-- account's log it stays there until another device of the account ends it with a link.
-- One that a link has ended already is no device again, whatever branch counts from now on
-- (devices_again()).
-- Returns whether there is such a device.
CREATE OR REPLACE FUNCTION admin_device_end(p_device uuid, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  SELECT user_id INTO v_user FROM device
    WHERE device_id = p_device AND (removed_at IS NULL OR removed_by_link)
    FOR UPDATE;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM end_device(p_device);
  UPDATE device SET removed_by_link = false
    WHERE device_id = p_device AND removed_by_link;
  PERFORM audit_append(admin_actor(p_token, 'write'), 'device-ended', v_user, p_device::text);
  RETURN true;
END $$;

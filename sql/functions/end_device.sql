-- A device is out: its tokens and KeyPackages go with it, and it is served nothing
-- more of any session. Gives the families of tokens that ended. That the
-- keys of its sessions are due is depart()'s part (docs/adr/0018).
CREATE OR REPLACE FUNCTION end_device(p_device uuid)
RETURNS uuid[] LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  families uuid[];
BEGIN
  UPDATE device SET removed_at = now()
    WHERE device_id = p_device AND removed_at IS NULL;
  IF NOT FOUND THEN
    RETURN '{}';
  END IF;
  WITH ended AS (
    UPDATE token_family SET revoked_at = now()
    WHERE device_id = p_device AND revoked_at IS NULL
    RETURNING family_id)
  SELECT coalesce(array_agg(family_id), '{}') INTO families FROM ended;
  DELETE FROM key_package WHERE device_id = p_device;
  DELETE FROM welcome WHERE device_id = p_device;
  DELETE FROM device_request WHERE device_id = p_device;
  PERFORM depart(NULL, p_device);
  RETURN families;
END $$;

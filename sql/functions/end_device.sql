-- A device is out: its tokens and KeyPackages go with it, and it is served nothing
-- more of any session. Gives the families of tokens that ended. What is of the device goes
-- in pieces, the first one at once (end_device_piece()).
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
  DELETE FROM device_request WHERE device_id = p_device;
  INSERT INTO device_end (device_id) VALUES (p_device)
    ON CONFLICT (device_id) DO UPDATE SET left_session = excluded.left_session;
  PERFORM end_device_piece(p_device);
  RETURN families;
END $$;

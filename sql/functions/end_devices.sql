-- Goes on with devices that have ended (end_device_piece()), those first that were begun first.
-- Returns how many rows it looked at: a thousand or more when there may be more to do. As its
-- owner: the worker's role reads no message.
CREATE OR REPLACE FUNCTION end_devices()
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  v_device uuid;
  v_looked bigint := 0;
BEGIN
  FOR v_device IN SELECT device_id FROM device_end ORDER BY since, device_id LIMIT 1000 LOOP
    v_looked := v_looked + 1 + end_device_piece(v_device);
    EXIT WHEN v_looked >= 1000;
  END LOOP;
  RETURN v_looked;
END $$;

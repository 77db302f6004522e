-- A new device of an account, which may have p_quota beside those that wait: with so
-- many, no row comes. Of two at once one waits, so that it counts the other. Where the
-- account has a log, the device waits to be approved (`pending`). Those that have waited
-- for long end (`ended`: how many): older than a day, or more than eight.
CREATE OR REPLACE FUNCTION insert_device(
  p_device uuid, p_user uuid, p_name text, p_quota bigint)
RETURNS TABLE (device_id uuid, pending boolean, ended bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM account WHERE user_id = p_user AND erased_at IS NULL
    FOR NO KEY UPDATE;
  IF NOT FOUND OR (SELECT count(*) FROM device d
                   WHERE d.user_id = p_user AND d.removed_at IS NULL
                     AND NOT d.pending) >= p_quota THEN
    RETURN;
  END IF;
  SELECT count(end_device(p.device_id)) INTO ended FROM (
    SELECT d.device_id, d.created_at,
           row_number() OVER (ORDER BY d.created_at DESC) AS place
    FROM device d
    WHERE d.user_id = p_user AND d.pending AND d.removed_at IS NULL) AS p
    WHERE p.place >= 8 OR p.created_at < now() - interval '1 day';
  INSERT INTO device AS d (device_id, user_id, name, pending)
    VALUES (p_device, p_user, p_name,
            EXISTS (SELECT FROM account_log l
                    WHERE l.user_id = p_user AND l.replaced_at IS NULL))
    RETURNING d.device_id, d.pending INTO device_id, pending;
  PERFORM audit_append('account', 'device', p_user, device_id::text);
  RETURN NEXT;
END $$;

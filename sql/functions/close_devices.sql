-- The devices of a closed account end, but the one of the number p_kept, which has no
-- KeyPackage from then on; where the name is that log's, those without a log, too. Gives
-- the families of tokens that ended.
CREATE OR REPLACE FUNCTION close_devices(p_fingerprint bytea, p_kept bigint)
RETURNS uuid[] LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  families uuid[];
BEGIN
  families := end_devices_by_link(ARRAY(
    SELECT d.device_id FROM account_log l JOIN device d USING (user_id)
    WHERE l.fingerprint = p_fingerprint
      AND (d.fingerprint = p_fingerprint
           OR d.fingerprint IS NULL AND l.replaced_at IS NULL)
      AND d.link_number IS DISTINCT FROM p_kept));
  DELETE FROM key_package k USING device d
    WHERE k.device_id = d.device_id AND d.fingerprint = p_fingerprint;
  RETURN families;
END $$;

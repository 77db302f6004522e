-- append_account_link(), and what the link does to devices: the first one makes the
-- caller's device the first; one that adds (p_entry) approves the device that asked
-- with that entry, or makes one a device again that a branch of before had brought
-- (number_devices()); one that removes (p_removed) ends devices, whose tokens are in
-- `ended`. `anew`: the name is to be this log's from now on. Only the first link needs
-- p_user. One that closes the account ends all devices but the one that has
-- signed it, which has yet to depart from its sessions and to have the account erased.
-- A device that has let itself in, by the recovery key, asks nobody any more.
CREATE OR REPLACE FUNCTION take_account_link(
  p_user uuid, p_device uuid, p_fingerprint bytea, p_number bigint,
  p_before bytea, p_hash bytea, p_link bytea, p_salt bytea, p_anew boolean,
  p_entry bytea, p_removed bigint[],
  OUT outcome text, OUT last bigint, OUT ended uuid[])
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  ended := '{}';
  IF p_salt IS NOT NULL AND p_anew THEN
    UPDATE account_log SET replaced_at = now()
      WHERE user_id = p_user AND replaced_at IS NULL
        AND NOT EXISTS (SELECT FROM account_log
                        WHERE fingerprint = p_fingerprint);
  END IF;
  SELECT a.outcome, a.last INTO outcome, last
    FROM append_account_link(p_user, p_fingerprint, p_number, p_before, p_hash,
                             p_link, p_salt) a;
  IF outcome <> 'ok' THEN
    RETURN;
  END IF;
  IF p_salt IS NOT NULL THEN
    UPDATE device SET pending = false, fingerprint = p_fingerprint,
                      link_number = 1
      WHERE device_id = p_device AND user_id = p_user AND link_number IS NULL;
  ELSIF p_entry IS NOT NULL THEN
    PERFORM number_devices(p_fingerprint, ARRAY[p_entry], ARRAY[p_number]);
    PERFORM devices_again(p_fingerprint, ARRAY[p_number]);
    DELETE FROM device_request r USING device d
      WHERE r.device_id = p_device AND d.device_id = p_device
        AND d.fingerprint = p_fingerprint AND d.link_number = p_number;
  END IF;
  IF account_link_closes(p_link) THEN
    UPDATE account_log SET closed_at = now() WHERE fingerprint = p_fingerprint;
    ended := close_devices(p_fingerprint, account_link_signer(p_link));
    RETURN;
  END IF;
  ended := end_devices_by_link(ARRAY(
    SELECT d.device_id FROM device d
    WHERE d.fingerprint = p_fingerprint AND d.link_number = ANY (p_removed)));
END $$;

SET LOCAL search_path = hermetic;

DROP FUNCTION admin_erase(text, uuid);
ALTER FUNCTION erase_account(text, uuid) RENAME TO admin_erase;
GRANT EXECUTE ON FUNCTION admin_erase TO hermetic_rotation;
SELECT admin_grants();
DROP TABLE held_name;

-- append_account_link(), and what the link does to devices: the first one makes the
-- caller's device the first; one that adds (p_entry) approves the device that asked
-- with that entry; one that removes (p_removed) ends devices, whose tokens are in
-- `ended`. `anew`: the name is to be this log's from now on. Only the first link needs
-- p_user and p_device.
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
    UPDATE device d SET pending = false, fingerprint = p_fingerprint,
                        link_number = p_number
      FROM device_request r
      WHERE r.device_id = d.device_id
        AND d.user_id = (SELECT l.user_id FROM account_log l
                         WHERE l.fingerprint = p_fingerprint)
        AND r.entry = p_entry AND d.removed_at IS NULL
        AND d.link_number IS NULL;
  END IF;
  SELECT coalesce(array_agg(f), '{}') INTO ended
    FROM device d, unnest(end_device(d.device_id)) AS f
    WHERE d.fingerprint = p_fingerprint AND d.link_number = ANY (p_removed)
      AND d.removed_at IS NULL;
END $$;

-- Who acts, as the record names it: `admin`, a person with hermetic-admin, or
-- `admin:NAME`, the API token of that name. The API's role acts for a token alone, for
-- one that is good now and has the scope that the act wants. It cannot list the tokens'
-- ids, so it acts for none that nobody has shown it.
CREATE OR REPLACE FUNCTION admin_actor(p_token uuid, p_scope text)
RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_name text;
BEGIN
  IF p_token IS NULL AND session_user <> 'hermetic_admin' THEN
    RETURN 'admin';
  END IF;
  SELECT name INTO v_name FROM admin_api_token
    WHERE token_id = p_token AND ended_at IS NULL AND expires_at > now()
      AND p_scope = ANY (string_to_array(scopes, ','));
  IF v_name IS NULL THEN
    RAISE insufficient_privilege USING MESSAGE = 'no such token of the administration';
  END IF;
  RETURN 'admin:' || v_name;
END $$;

DROP FUNCTION close_account, close_devices, account_link_closes, account_link_signer;
ALTER TABLE account_log DROP COLUMN closed_at;

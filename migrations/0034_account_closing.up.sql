-- A person closes the account (docs/adr/0046): a link of its log says so to everybody, and
-- the account's last device has it erased. The name is held back for a time.

SET LOCAL search_path = hermetic;

ALTER TABLE account_log ADD COLUMN closed_at timestamptz;

-- A name as limits have it, which leads to no person.
CREATE TABLE held_name (
  name  bigint PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX held_name_since ON held_name (since);

-- What it erases stays as it is.
ALTER FUNCTION admin_erase(text, uuid) RENAME TO erase_account;

-- Is it a `close`? Its kind stands behind version, number and hash
-- (src/wire/account_link.h).
CREATE OR REPLACE FUNCTION account_link_closes(p_link bytea)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT length(p_link) > 113 AND get_byte(p_link, 41) = 7
$$;

-- The closing of before, and of before this was undone.
UPDATE account_log l SET closed_at = now()
  WHERE EXISTS (SELECT FROM account_link k
                WHERE k.fingerprint = l.fingerprint AND account_link_closes(k.link));

-- The number of the device that has signed a link; 0: the recovery key. It stands before
-- the signature (src/wire/account_link.h).
CREATE OR REPLACE FUNCTION account_link_signer(p_link bytea)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT ('x' || encode(substr(p_link, length(p_link) - 71, 8), 'hex'))::bit(64)::bigint
$$;

-- The devices of a closed account end, but the one of the number p_kept, which has no
-- KeyPackage from then on; where the name is that log's, those without a log, too. Gives
-- the families of tokens that ended.
CREATE OR REPLACE FUNCTION close_devices(p_fingerprint bytea, p_kept bigint)
RETURNS uuid[] LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  families uuid[];
BEGIN
  SELECT coalesce(array_agg(f), '{}') INTO families
    FROM account_log l
    JOIN device d USING (user_id), unnest(end_device(d.device_id)) AS f
    WHERE l.fingerprint = p_fingerprint AND d.removed_at IS NULL
      AND (d.fingerprint = p_fingerprint
           OR d.fingerprint IS NULL AND l.replaced_at IS NULL)
      AND d.link_number IS DISTINCT FROM p_kept;
  DELETE FROM key_package k USING device d
    WHERE k.device_id = d.device_id AND d.fingerprint = p_fingerprint;
  RETURN families;
END $$;

-- append_account_link(), and what the link does to devices: the first one makes the
-- caller's device the first; one that adds (p_entry) approves the device that asked
-- with that entry; one that removes (p_removed) ends devices, whose tokens are in
-- `ended`. `anew`: the name is to be this log's from now on. Only the first link needs
-- p_user and p_device. One that closes the account ends all devices but the one that has
-- signed it, which has yet to depart from its sessions and to have the account erased.
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
  IF account_link_closes(p_link) THEN
    UPDATE account_log SET closed_at = now() WHERE fingerprint = p_fingerprint;
    ended := close_devices(p_fingerprint, account_link_signer(p_link));
    RETURN;
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
  IF p_token IS NULL AND session_user = 'hermetic_api' THEN
    RETURN 'account';
  END IF;
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

-- Erases an account (erase_account()), and holds its name back: whoever knew it would take
-- the next account of that name for the first. The name is kept as those of limits are,
-- and is not given out again for HERMETIC_NAME_HOLD_SECONDS.
CREATE OR REPLACE FUNCTION admin_erase(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  IF NOT erase_account(p_username, p_token) THEN
    RETURN false;
  END IF;
  INSERT INTO held_name (name) VALUES (limit_name('held ' || p_username))
    ON CONFLICT (name) DO UPDATE SET since = now();
  RETURN true;
END $$;

-- Erases the caller's own account, as an operator's act would. `link-wanted`: its log is
-- not closed, so nobody who reads it could know. Otherwise `ok`, with the families of
-- tokens that ended. p_hash is the password's that was compared: `wrong-password`,
-- when another one stands by now.
CREATE OR REPLACE FUNCTION close_account(p_user uuid, p_hash bytea,
                                         OUT outcome text, OUT ended uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_name text;
BEGIN
  ended := '{}';
  SELECT username INTO v_name FROM account
    WHERE user_id = p_user AND password_hash = p_hash AND erased_at IS NULL
    FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'wrong-password';
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM account_log
             WHERE user_id = p_user AND replaced_at IS NULL
               AND closed_at IS NULL) THEN
    outcome := 'link-wanted';
    RETURN;
  END IF;
  SELECT coalesce(array_agg(f.family_id), '{}') INTO ended
    FROM token_family f JOIN device d USING (device_id)
    WHERE d.user_id = p_user AND f.revoked_at IS NULL;
  PERFORM admin_erase(v_name);
  outcome := 'ok';
END $$;

GRANT UPDATE (closed_at) ON account_log TO hermetic_api;
GRANT SELECT ON held_name TO hermetic_api;
GRANT SELECT (since), DELETE ON held_name TO hermetic_rotation;
REVOKE ALL ON FUNCTION account_link_closes, account_link_signer, close_devices,
  close_account, admin_erase FROM PUBLIC;
REVOKE ALL ON FUNCTION erase_account FROM hermetic_rotation;
GRANT EXECUTE ON FUNCTION admin_erase TO hermetic_rotation;
GRANT EXECUTE ON FUNCTION account_link_closes, account_link_signer, close_devices,
  close_account TO hermetic_api;
SELECT admin_grants();

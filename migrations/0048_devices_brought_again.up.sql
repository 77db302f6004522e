-- A device that a branch of its account's log lacks (docs/adr/0047) keeps the entry by which
-- it was brought, so a branch or a link that brings it again makes it a device again. Until
-- now the server forgot which link had been the device's.
SET LOCAL search_path = hermetic;

ALTER TABLE device ADD COLUMN lost_entry bytea
  CHECK (lost_entry IS NULL OR link_number IS NULL);
GRANT UPDATE (lost_entry) ON device TO hermetic_api;

-- The devices that links of a log bring have their numbers: p_entries are the entries of
-- these links (NULL or empty: it brings none), p_numbers those of the links. An entry is that
-- of the device that was brought by it where a branch stood that does not count any more
-- (`lost_entry`), or else of the one that asks with it: whoever reads the log may ask with
-- another device's entry. Each entry is one device's.
CREATE OR REPLACE FUNCTION number_devices(
  p_fingerprint bytea, p_entries bytea[], p_numbers bigint[])
RETURNS void LANGUAGE sql SET search_path = hermetic AS $$
  UPDATE device d
  SET pending = false, lost_entry = NULL,
      fingerprint = p_fingerprint, link_number = b.number
  FROM (
    SELECT DISTINCT ON (e.number) c.device_id, e.number
    FROM account_log l
    JOIN device c ON c.user_id = l.user_id AND c.link_number IS NULL
    LEFT JOIN device_request r ON r.device_id = c.device_id
                              AND c.removed_at IS NULL
    JOIN unnest(p_entries, p_numbers) AS e(entry, number)
      ON e.entry IN (r.entry, c.lost_entry)
    WHERE l.fingerprint = p_fingerprint
    ORDER BY e.number, c.lost_entry IS DISTINCT FROM e.entry,
             c.removed_at IS NOT NULL, c.pending, c.created_at DESC,
             c.device_id) AS b
  WHERE d.device_id = b.device_id
$$;

-- The devices of these numbers stand in their account's log: those that a link had ended are
-- devices again. Their tokens have ended for good, so they have to log in. One that an
-- operator has ended, or that went with its account, stays ended.
CREATE OR REPLACE FUNCTION devices_again(p_fingerprint bytea, p_standing bigint[])
RETURNS void LANGUAGE sql SET search_path = hermetic AS $$
  WITH again AS (
    UPDATE device d SET removed_at = NULL, removed_by_link = false
    WHERE fingerprint = p_fingerprint AND removed_by_link
      AND link_number = ANY (p_standing)
      AND NOT EXISTS (SELECT FROM account a
                      WHERE a.user_id = d.user_id AND a.erased_at IS NOT NULL)
    RETURNING device_id)
  UPDATE session_member m SET departed_at = NULL
    FROM again WHERE m.device_id = again.device_id AND m.departed_seq IS NULL
$$;

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

-- A branch of an account's log that was verified to count before the log as it stood
-- (docs/adr/0047): its links from p_first on, where the log has p_before as the hash of
-- the link before, and p_last as that of its last one. The log that it takes the place of
-- stays, in an older branch. p_entries: by link, the entry that an `add` brings, else
-- NULL. p_standing: the numbers of the devices that stand in it. What these links do to
-- devices: one that both branches brought by the same entry has another number, and so has
-- one that only a branch of before had brought (number_devices()); those that do not stand
-- end, with the families of tokens in `ended`; one that stands and had ended by a link, which
-- only an older branch can have, is a device again, and has to log in.
-- `taken`: the log has another end now.
CREATE OR REPLACE FUNCTION take_account_branch(
  p_fingerprint bytea, p_before bytea, p_last bytea, p_first bigint,
  p_hashes bytea[], p_links bytea[], p_entries bytea[], p_standing bigint[],
  OUT outcome text, OUT last bigint, OUT ended uuid[])
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_closes bytea;
  v_parted uuid[];  -- the devices that links of the older branch brought
  v_numbers bigint[];
BEGIN
  ended := '{}';
  PERFORM lock_account_log(p_fingerprint);
  SELECT max(k.number) INTO last FROM account_link k
    WHERE k.fingerprint = p_fingerprint;
  IF NOT EXISTS (SELECT FROM account_link k
                 WHERE k.fingerprint = p_fingerprint AND k.number = last
                   AND k.hash = p_last)
     OR NOT EXISTS (SELECT FROM account_link k
                    WHERE k.fingerprint = p_fingerprint
                      AND k.number = p_first - 1 AND k.hash = p_before) THEN
    outcome := 'taken';
    RETURN;
  END IF;
  v_numbers := ARRAY(SELECT p_first + i - 1
                     FROM generate_subscripts(p_links, 1) AS i);
  WITH parted AS (
    UPDATE device d SET fingerprint = NULL, link_number = NULL,
                        lost_entry = account_link_entry(k.link)
    FROM account_link k
    WHERE d.fingerprint = p_fingerprint AND d.link_number >= p_first
      AND k.fingerprint = d.fingerprint AND k.number = d.link_number
    RETURNING d.device_id)
  SELECT coalesce(array_agg(device_id), '{}') INTO v_parted FROM parted;
  INSERT INTO stored_link (fingerprint, branch, number, hash, link)
    SELECT p_fingerprint, (SELECT max(s.branch) + 1 FROM stored_link s
                           WHERE s.fingerprint = p_fingerprint),
           p_first + l.place - 1, l.hash, l.link
    FROM unnest(p_hashes, p_links) WITH ORDINALITY AS l(hash, link, place);
  last := p_first + cardinality(p_links) - 1;
  outcome := 'ok';

  PERFORM number_devices(p_fingerprint, p_entries, v_numbers);
  ended := end_devices_by_link(ARRAY(
    SELECT d.device_id FROM device d
    WHERE d.fingerprint = p_fingerprint AND d.link_number <> ALL (p_standing)
       OR d.device_id = ANY (v_parted) AND d.fingerprint IS NULL));
  PERFORM devices_again(p_fingerprint, p_standing);

  SELECT l INTO v_closes FROM unnest(p_links) AS l WHERE account_link_closes(l);
  UPDATE account_log
    SET closed_at = CASE WHEN v_closes IS NOT NULL THEN now() END
    WHERE fingerprint = p_fingerprint
      AND (closed_at IS NULL) = (v_closes IS NOT NULL);
  IF v_closes IS NOT NULL THEN
    ended := ended || close_devices(p_fingerprint,
                                    account_link_signer(v_closes));
  END IF;
END $$;

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

REVOKE ALL ON FUNCTION number_devices, devices_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION number_devices, devices_again TO hermetic_api;

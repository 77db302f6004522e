SET LOCAL search_path = hermetic;

-- append_account_link(), and what the link does to devices: the first one makes the
-- caller's device the first; one that adds (p_entry) approves the device that asked
-- with that entry; one that removes (p_removed) ends devices, whose tokens are in
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
    UPDATE device d SET pending = false, fingerprint = p_fingerprint,
                        link_number = p_number
      FROM device_request r
      WHERE r.device_id = d.device_id
        AND d.user_id = (SELECT l.user_id FROM account_log l
                         WHERE l.fingerprint = p_fingerprint)
        AND r.entry = p_entry AND d.removed_at IS NULL
        AND d.link_number IS NULL;
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
-- devices: one that both branches brought by the same entry has another number; those that
-- do not stand end, with the families of tokens in `ended`; one that stands and had ended
-- by a link, which only the older branch can have, is a device again, and has to log in.
-- `taken`: the log has another end now.
CREATE OR REPLACE FUNCTION take_account_branch(
  p_fingerprint bytea, p_before bytea, p_last bytea, p_first bigint,
  p_hashes bytea[], p_links bytea[], p_entries bytea[], p_standing bigint[],
  OUT outcome text, OUT last bigint, OUT ended uuid[])
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_closes bytea;
  v_parted uuid[];  -- the devices that links of the older branch brought
  v_moved uuid[];   -- those of them that links of this one bring, too
  v_numbers bigint[]; -- by which
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
  SELECT coalesce(array_agg(d.device_id), '{}'),
         coalesce(array_agg(d.device_id) FILTER (WHERE e.place IS NOT NULL), '{}'),
         coalesce(array_agg(p_first + e.place - 1)
                  FILTER (WHERE e.place IS NOT NULL), '{}')
    INTO v_parted, v_moved, v_numbers
    FROM device d
    JOIN account_link k
      ON k.fingerprint = d.fingerprint AND k.number = d.link_number
    LEFT JOIN unnest(p_entries) WITH ORDINALITY AS e(entry, place)
      ON e.entry = account_link_entry(k.link)
    WHERE d.fingerprint = p_fingerprint AND d.link_number >= p_first;
  INSERT INTO stored_link (fingerprint, branch, number, hash, link)
    SELECT p_fingerprint, (SELECT max(s.branch) + 1 FROM stored_link s
                           WHERE s.fingerprint = p_fingerprint),
           p_first + l.place - 1, l.hash, l.link
    FROM unnest(p_hashes, p_links) WITH ORDINALITY AS l(hash, link, place);
  last := p_first + cardinality(p_links) - 1;
  outcome := 'ok';

  UPDATE device SET fingerprint = NULL, link_number = NULL
    WHERE device_id = ANY (v_parted);
  UPDATE device d SET fingerprint = p_fingerprint, link_number = m.number
    FROM unnest(v_moved, v_numbers) AS m(device_id, number)
    WHERE d.device_id = m.device_id;
  ended := end_devices_by_link(ARRAY(
    SELECT d.device_id FROM device d
    WHERE d.fingerprint = p_fingerprint AND d.link_number <> ALL (p_standing)
       OR d.device_id = ANY (v_parted) AND d.fingerprint IS NULL));
  WITH again AS (
    UPDATE device d SET removed_at = NULL, removed_by_link = false
    WHERE fingerprint = p_fingerprint AND removed_by_link
      AND link_number = ANY (p_standing)
      AND NOT EXISTS (SELECT FROM account a
                      WHERE a.user_id = d.user_id AND a.erased_at IS NOT NULL)
    RETURNING device_id)
  UPDATE session_member m SET departed_at = NULL
    FROM again WHERE m.device_id = again.device_id AND m.departed_seq IS NULL;
  UPDATE device d SET pending = false, fingerprint = p_fingerprint,
                      link_number = p_first + e.place - 1
    FROM device_request r
    JOIN unnest(p_entries) WITH ORDINALITY AS e(entry, place)
      ON e.entry = r.entry
    WHERE r.device_id = d.device_id
      AND d.user_id = (SELECT l.user_id FROM account_log l
                       WHERE l.fingerprint = p_fingerprint)
      AND d.removed_at IS NULL AND d.link_number IS NULL
      AND p_first + e.place - 1 = ANY (p_standing);

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
-- Returns whether there is such a device.
CREATE OR REPLACE FUNCTION admin_device_end(p_device uuid, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  SELECT user_id INTO v_user FROM device
    WHERE device_id = p_device AND removed_at IS NULL FOR UPDATE;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM end_device(p_device);
  PERFORM audit_append(admin_actor(p_token, 'write'), 'device-ended', v_user, p_device::text);
  RETURN true;
END $$;

DROP FUNCTION devices_again;
DROP FUNCTION number_devices;
ALTER TABLE device DROP COLUMN lost_entry;

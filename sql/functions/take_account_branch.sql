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

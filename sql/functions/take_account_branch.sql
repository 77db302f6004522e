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
  v_end bytea;
  v_closes bytea;
  v_parted uuid[];  -- the devices that links of the older branch brought
  v_numbers bigint[];
BEGIN
  ended := '{}';
  PERFORM lock_account_log(p_fingerprint);
  SELECT e.number, e.hash INTO last, v_end FROM account_log_end(p_fingerprint) e;
  IF v_end IS DISTINCT FROM p_last
     OR NOT EXISTS (SELECT FROM account_link_at(p_fingerprint, p_first - 1) k
                    WHERE k.hash = p_before) THEN
    outcome := 'taken';
    RETURN;
  END IF;
  v_numbers := ARRAY(SELECT p_first + i - 1
                     FROM generate_subscripts(p_links, 1) AS i);
  WITH parted AS (
    UPDATE device d SET fingerprint = NULL, link_number = NULL, lost_entry = (
      SELECT account_link_entry(k.link)
      FROM account_link_at(p_fingerprint, d.link_number) k)
    WHERE d.fingerprint = p_fingerprint AND d.link_number >= p_first
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

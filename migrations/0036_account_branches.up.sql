-- Branches of accounts' logs (docs/adr/0047). A branch that counts before the log as it
-- stands takes its place. What it takes the place of stays, since sessions go by it
-- until they go over: the table only grows, as before. The view has the name of the
-- table of before, so whoever reads that one reads the log that counts.
SET LOCAL search_path = hermetic;

ALTER TABLE account_link RENAME TO stored_link;
ALTER TABLE stored_link ADD COLUMN branch integer NOT NULL DEFAULT 0
  CHECK (branch >= 0 AND (branch = 0 OR number > 1));
ALTER TABLE stored_link DROP CONSTRAINT account_link_pkey;
ALTER TABLE stored_link ADD PRIMARY KEY (fingerprint, branch, number);

-- Of a branch counts what stands before the first link of each later one.
CREATE VIEW account_link AS
  SELECT fingerprint, number, hash, link FROM stored_link k
  WHERE NOT EXISTS (SELECT FROM stored_link o
                    WHERE o.fingerprint = k.fingerprint AND o.branch > k.branch
                      AND o.number <= k.number);

-- Who writes to an account's log waits here for who does so already, up to the end of
-- the transaction.
CREATE OR REPLACE FUNCTION lock_account_log(p_fingerprint bytea)
RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(hashtextextended(encode(p_fingerprint, 'hex'), 36))
$$;

-- A link that was verified behind the one whose hash is p_before. The first one
-- (p_salt is not NULL) is the user's own. What stands already is answered: the same
-- bytes are a `duplicate`, others a `taken`; `gap` when the link before is not there.
-- `last` is the number of the last link then, of the log that the name stands for.
--
-- Links are never changed, so what the caller has verified before is as it was; of two
-- that write the same number, or a branch (take_account_branch()), at once, one waits for
-- the other and loses.
CREATE OR REPLACE FUNCTION append_account_link(
  p_user uuid, p_fingerprint bytea, p_number bigint, p_before bytea,
  p_hash bytea, p_link bytea, p_salt bytea,
  OUT outcome text, OUT last bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  PERFORM lock_account_log(p_fingerprint);
  IF p_salt IS NOT NULL THEN
    INSERT INTO account_log (fingerprint, user_id, salt)
      VALUES (p_fingerprint, p_user, p_salt)
      ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM account_log l
                   WHERE l.fingerprint = p_fingerprint
                     AND l.user_id = p_user) THEN
      outcome := 'taken';
      last := (SELECT max(k.number) FROM account_log l
               JOIN account_link k USING (fingerprint)
               WHERE l.user_id = p_user AND l.replaced_at IS NULL);
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM account_link k
                    WHERE k.fingerprint = p_fingerprint
                      AND k.number = p_number - 1 AND k.hash = p_before) THEN
    outcome := 'gap';
    last := (SELECT max(k.number) FROM account_link k
             WHERE k.fingerprint = p_fingerprint);
    RETURN;
  END IF;
  INSERT INTO stored_link (fingerprint, branch, number, hash, link)
    SELECT p_fingerprint, coalesce(max(s.branch), 0), p_number, p_hash, p_link
    FROM stored_link s WHERE s.fingerprint = p_fingerprint
    HAVING NOT EXISTS (SELECT FROM account_link k
                       WHERE k.fingerprint = p_fingerprint
                         AND k.number = p_number);
  IF FOUND THEN
    outcome := 'ok';
    last := p_number;
    RETURN;
  END IF;
  outcome := CASE WHEN EXISTS (SELECT FROM account_link k
                               WHERE k.fingerprint = p_fingerprint
                                 AND k.number = p_number AND k.link = p_link)
             THEN 'duplicate' ELSE 'taken' END;
  last := (SELECT max(k.number) FROM account_link k
           WHERE k.fingerprint = p_fingerprint);
END $$;

-- A branch of an account's log that was verified to count before the log as it stood
-- (docs/adr/0047): its links from p_first on, where the log has p_before as the hash of
-- the link before, and p_last as that of its last one. The log that it takes the place of
-- stays, in an older branch. p_entries: by link, the entry that an `add` brings, else
-- NULL. p_standing: the numbers of the devices that stand in it. What these links do to
-- devices: those that do not stand end, with the families of tokens in `ended`; one that
-- the older branch had removed is a device again, and has to log in.
-- `taken`: the log has another end now.
CREATE OR REPLACE FUNCTION take_account_branch(
  p_fingerprint bytea, p_before bytea, p_last bytea, p_first bigint,
  p_hashes bytea[], p_links bytea[], p_entries bytea[], p_standing bigint[],
  OUT outcome text, OUT last bigint, OUT ended uuid[])
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_closes bytea;
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
  INSERT INTO stored_link (fingerprint, branch, number, hash, link)
    SELECT p_fingerprint, (SELECT max(s.branch) + 1 FROM stored_link s
                           WHERE s.fingerprint = p_fingerprint),
           p_first + l.place - 1, l.hash, l.link
    FROM unnest(p_hashes, p_links) WITH ORDINALITY AS l(hash, link, place);
  last := p_first + cardinality(p_links) - 1;
  outcome := 'ok';

  SELECT coalesce(array_agg(f), '{}') INTO ended
    FROM device d, unnest(end_device(d.device_id)) AS f
    WHERE d.fingerprint = p_fingerprint AND d.removed_at IS NULL
      AND (d.link_number >= p_first OR d.link_number <> ALL (p_standing));
  UPDATE device SET fingerprint = NULL, link_number = NULL
    WHERE fingerprint = p_fingerprint AND link_number >= p_first;
  WITH again AS (
    UPDATE device SET removed_at = NULL
    WHERE fingerprint = p_fingerprint AND removed_at IS NOT NULL
      AND link_number = ANY (p_standing)
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

-- Who may join from outside: anyone if the session is open, the invited, and another
-- device of a user who is in it and has not departed. That a device of the user was
-- revoked is no departure: its leaf is there until a commit has removed it, and by its
-- account's log it may be the leaf of a thief (docs/adr/0047).
CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT EXISTS (SELECT FROM session
                 WHERE session_id = p_session AND join_policy = 'open')
      OR EXISTS (SELECT FROM invitation
                 WHERE session_id = p_session AND user_id = p_user)
      OR EXISTS (SELECT FROM session_member m JOIN device USING (device_id)
                 WHERE m.session_id = p_session AND user_id = p_user
                   AND m.departed_seq IS NULL)
$$;

GRANT SELECT ON account_link TO hermetic_api;
REVOKE ALL ON FUNCTION lock_account_log, take_account_branch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_account_log, take_account_branch TO hermetic_api;

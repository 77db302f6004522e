SET LOCAL search_path = hermetic;

DROP FUNCTION take_account_branch;

-- Who may join from outside: anyone if the session is open, the invited, and another
-- device of a user who is in it and has not departed.
CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT EXISTS (SELECT FROM session
                 WHERE session_id = p_session AND join_policy = 'open')
      OR EXISTS (SELECT FROM invitation
                 WHERE session_id = p_session AND user_id = p_user)
      OR EXISTS (SELECT FROM active_member m JOIN device USING (device_id)
                 WHERE m.session_id = p_session AND user_id = p_user)
$$;

-- A link that was verified behind the one whose hash is p_before. The first one
-- (p_salt is not NULL) is the user's own. What stands already is answered: the same
-- bytes are a `duplicate`, others a `taken`; `gap` when the link before is not there.
-- `last` is the number of the last link then, of the log that the name stands for.
--
-- Links are never changed, so what the caller has verified before is as it was; of two
-- that write the same number at once, one waits for the other and loses.
CREATE OR REPLACE FUNCTION append_account_link(
  p_user uuid, p_fingerprint bytea, p_number bigint, p_before bytea,
  p_hash bytea, p_link bytea, p_salt bytea,
  OUT outcome text, OUT last bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
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
  INSERT INTO account_link (fingerprint, number, hash, link)
    VALUES (p_fingerprint, p_number, p_hash, p_link)
    ON CONFLICT DO NOTHING;
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

-- The log that counts stays; what it took the place of goes.
DELETE FROM stored_link k
  WHERE EXISTS (SELECT FROM stored_link o
                WHERE o.fingerprint = k.fingerprint AND o.branch > k.branch
                  AND o.number <= k.number);
DROP VIEW account_link;
DROP FUNCTION lock_account_log;
ALTER TABLE stored_link DROP CONSTRAINT stored_link_pkey;
ALTER TABLE stored_link DROP COLUMN branch;
ALTER TABLE stored_link RENAME TO account_link;
ALTER TABLE account_link ADD PRIMARY KEY (fingerprint, number);

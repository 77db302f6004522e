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
      last := (SELECT e.number FROM account_log l
               CROSS JOIN LATERAL account_log_end(l.fingerprint) e
               WHERE l.user_id = p_user AND l.replaced_at IS NULL);
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM account_link_at(p_fingerprint, p_number - 1) k
                    WHERE k.hash = p_before) THEN
    outcome := 'gap';
    last := (SELECT e.number FROM account_log_end(p_fingerprint) e);
    RETURN;
  END IF;
  INSERT INTO stored_link (fingerprint, branch, number, hash, link)
    SELECT p_fingerprint,
           coalesce((SELECT max(s.branch) FROM stored_link s
                     WHERE s.fingerprint = p_fingerprint), 0),
           p_number, p_hash, p_link
    WHERE NOT EXISTS (SELECT FROM account_link_at(p_fingerprint, p_number));
  IF FOUND THEN
    outcome := 'ok';
    last := p_number;
    RETURN;
  END IF;
  outcome := CASE WHEN EXISTS (SELECT FROM account_link_at(p_fingerprint, p_number) k
                               WHERE k.link = p_link)
             THEN 'duplicate' ELSE 'taken' END;
  last := (SELECT e.number FROM account_log_end(p_fingerprint) e);
END $$;

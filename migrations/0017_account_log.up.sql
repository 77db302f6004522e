-- An account's log of signed links (docs/adr/0028). What the API has let in it can
-- neither change nor take out; members verify every link again.

SET LOCAL search_path = hermetic;

-- The log of a user, and what stands beside it: who has the salt can show that the
-- log is that name's, and nobody else can. The fingerprint is the hash of the
-- first link, and stays when the name goes.
CREATE TABLE account_log (
  fingerprint bytea PRIMARY KEY CHECK (length(fingerprint) = 32),
  user_id     uuid NOT NULL UNIQUE REFERENCES account,
  salt        bytea NOT NULL CHECK (length(salt) = 32),
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE account_link (
  fingerprint bytea NOT NULL REFERENCES account_log,
  number      bigint NOT NULL CHECK (number > 0),
  hash        bytea NOT NULL CHECK (length(hash) = 32),
  link        bytea NOT NULL CHECK (length(link) <= 4096),
  PRIMARY KEY (fingerprint, number),
  -- whoever writes it has hashed these bytes
  CHECK (hash = sha256('hermetic account 1'::bytea || link)),
  CHECK (number <> 1 OR hash = fingerprint)
);
ALTER TABLE account_link ALTER COLUMN link SET STORAGE EXTERNAL;

-- A link that was verified behind the one whose hash is p_before. The first one
-- (p_salt is not NULL) is the user's own. What stands already is answered: the
-- same bytes are a `duplicate`, others a `taken`; `gap` when the link before is not
-- there. `last` is the number of the last link then.
--
-- Links are never changed, so what the caller has verified before is as it was;
-- of two that write the same number at once, one waits for the other and loses.
CREATE FUNCTION append_account_link(
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
               WHERE l.user_id = p_user);
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

GRANT SELECT, INSERT ON account_log, account_link TO hermetic_api;
REVOKE ALL ON FUNCTION append_account_link FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_account_link TO hermetic_api;

-- What an operator needs: who may register, accounts that are suspended, and a record of
-- what was done (docs/operations.md, "Accounts").

SET LOCAL search_path = hermetic;

ALTER TABLE account ADD COLUMN suspended_at timestamptz;

-- What lets somebody register where HERMETIC_REGISTRATION is `token`.
CREATE TABLE registration_token (
  token_hash bytea PRIMARY KEY, -- SHA-256; the token itself is never here
  uses_left  integer NOT NULL CHECK (uses_left >= 0),
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- A chain: each row's hash is over the row and the hash before it. `subject` is an
-- account's id, which leads to nobody once the account is gone.
CREATE TABLE audit (
  n       bigint PRIMARY KEY,
  at_us   bigint NOT NULL, -- since 1970
  actor   text NOT NULL CHECK (actor IN ('account', 'admin')),
  event   text NOT NULL,
  subject uuid NOT NULL,
  detail  text NOT NULL,
  hash    bytea NOT NULL
);
-- Where it ends, so that rows that are cut off at the end are missed, too.
CREATE TABLE audit_end (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  n      bigint NOT NULL,
  hash   bytea NOT NULL
);
INSERT INTO audit_end (n, hash) VALUES (0, sha256('hermetic audit 1'));

-- The only way to write it: no role but the schema's owner may touch the tables.
CREATE FUNCTION audit_append(p_actor text, p_event text, p_subject uuid, p_detail text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  r audit%ROWTYPE;
BEGIN
  SELECT n + 1, hash INTO r.n, r.hash FROM audit_end FOR UPDATE;
  r.at_us := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
  r.hash := sha256('hermetic audit 1'::bytea || r.hash || int8send(r.n)
                   || int8send(r.at_us) || uuid_send(p_subject)
                   || convert_to(p_actor || E'\n' || p_event || E'\n'
                                 || p_detail, 'UTF8'));
  INSERT INTO audit VALUES (r.n, r.at_us, p_actor, p_event, p_subject, p_detail,
                            r.hash);
  UPDATE audit_end SET n = r.n, hash = r.hash;
  RETURN r.n;
END $$;

-- p_on: nobody logs in to the account any more, and all its tokens end. Returns whether
-- there is such an account.
CREATE FUNCTION admin_suspend(p_username text, p_on boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  UPDATE account SET suspended_at = CASE WHEN p_on THEN now() END
    WHERE username = p_username RETURNING user_id INTO v_user;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM audit_append('admin', CASE WHEN p_on THEN 'suspended' ELSE 'resumed' END,
                       v_user, '');
  IF p_on THEN
    PERFORM admin_sign_out(p_username);
  END IF;
  RETURN true;
END $$;

CREATE FUNCTION admin_sign_out(p_username text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_count bigint;
BEGIN
  SELECT user_id INTO v_user FROM account WHERE username = p_username;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  UPDATE token_family SET revoked_at = now()
    WHERE revoked_at IS NULL
      AND device_id = ANY (ARRAY(SELECT device_id FROM device
                                 WHERE user_id = v_user));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  PERFORM audit_append('admin', 'signed-out', v_user, v_count || ' logins');
  RETURN true;
END $$;

CREATE FUNCTION admin_token(p_hash bytea, p_uses integer, p_seconds bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO registration_token (token_hash, uses_left, expires_at)
    VALUES (p_hash, p_uses, now() + make_interval(secs => p_seconds));
  DELETE FROM registration_token WHERE expires_at < now();
  PERFORM audit_append('admin', 'registration-token',
                       '00000000-0000-0000-0000-000000000000',
                       p_uses || ' uses');
  RETURN true;
END $$;

GRANT UPDATE (uses_left) ON registration_token TO hermetic_api;
GRANT SELECT ON registration_token TO hermetic_api;
GRANT SELECT (user_id, username, created_at, suspended_at) ON account
  TO hermetic_rotation;
GRANT SELECT ON audit, audit_end TO hermetic_rotation;
REVOKE ALL ON FUNCTION audit_append, admin_suspend, admin_sign_out, admin_token
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append TO hermetic_api;
GRANT EXECUTE ON FUNCTION admin_suspend, admin_sign_out, admin_token
  TO hermetic_rotation;

-- p_user blocks an account by its name, or its fingerprint. `no-such-user`; `own`: that
-- is p_user; `full`: p_user has blocked p_most already; otherwise `ok`, also where it was
-- blocked before. Of two at once one waits, so that it counts the other.
CREATE OR REPLACE FUNCTION block_account(p_user uuid, p_name text, p_fingerprint bytea,
                                         p_most bigint)
RETURNS text LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_own text;
  v_blocked uuid;
BEGIN
  SELECT username INTO v_own FROM account WHERE user_id = p_user FOR NO KEY UPDATE;
  SELECT a.user_id INTO v_blocked FROM account a
    WHERE a.erased_at IS NULL
      AND (a.username = visible_name(p_name, p_user)
           OR a.user_id = (SELECT l.user_id FROM account_log l
                           WHERE l.fingerprint = p_fingerprint));
  IF v_blocked IS NULL THEN
    RETURN 'no-such-user';
  ELSIF v_blocked = p_user THEN
    RETURN 'own';
  ELSIF EXISTS (SELECT FROM account_block
                WHERE blocked = v_blocked AND by_name = v_own) THEN
    RETURN 'ok';
  ELSIF (SELECT count(*) FROM account_block WHERE by_user = p_user) >= p_most THEN
    RETURN 'full';
  END IF;
  INSERT INTO account_block (blocked, by_name, by_user)
    VALUES (v_blocked, v_own, p_user);
  RETURN 'ok';
END $$;

-- Another password for p_user, when p_expected is still the hash that stands. `ended`:
-- the families of tokens that this ended, which are all but p_stays; NULL ends none.
-- They are looked for once the account's row is locked: a login that was under way
-- is among them, or its family is not made (token_family_insert.sql).
CREATE OR REPLACE FUNCTION change_password(
  p_user uuid, p_expected bytea, p_salt bytea, p_hash bytea,
  p_cost_n bigint, p_cost_r integer, p_cost_p integer, p_stays uuid,
  OUT changed boolean, OUT ended uuid[])
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  ended := '{}';
  UPDATE account SET salt = p_salt, password_hash = p_hash, cost_n = p_cost_n,
                     cost_r = p_cost_r, cost_p = p_cost_p
    WHERE user_id = p_user AND password_hash = p_expected;
  changed := FOUND;
  IF NOT changed THEN
    RETURN;
  END IF;
  IF p_stays IS NOT NULL THEN
    WITH gone AS (
      UPDATE token_family f SET revoked_at = now()
      WHERE f.device_id = ANY (ARRAY(SELECT device_id FROM device
                                     WHERE user_id = p_user
                                       AND removed_at IS NULL))
        AND f.revoked_at IS NULL AND f.family_id <> p_stays
      RETURNING f.family_id)
    SELECT coalesce(array_agg(family_id), '{}') INTO ended FROM gone;
  END IF;
  PERFORM audit_append('account', 'passphrase', p_user, '');
END $$;

SET LOCAL search_path = hermetic;

-- A refresh token is good once. Used again it has been stolen, or its owner
-- has been: the whole family ends. But within p_grace it gives the answer of before, as
-- long as that has not been used itself: p_new is made of the old token, so it is the
-- same one.
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz, p_grace interval,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  t refresh_token%ROWTYPE;
BEGIN
  SELECT * INTO t FROM refresh_token r WHERE r.token_hash = p_old FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  IF t.used_at IS NOT NULL
     AND (t.used_at <= now() - p_grace
          OR NOT EXISTS (SELECT FROM refresh_token r
                         WHERE r.token_hash = p_new AND r.used_at IS NULL
                           AND r.family_id = t.family_id)) THEN
    UPDATE token_family f SET revoked_at = now()
      WHERE f.family_id = t.family_id AND f.revoked_at IS NULL;
    outcome := 'refresh-reused';
    RETURN;
  END IF;
  SELECT f.family_id, d.device_id, a.user_id, a.username
    INTO rotate_refresh_token.family_id, rotate_refresh_token.device_id,
         rotate_refresh_token.user_id, rotate_refresh_token.username
    FROM token_family f
    JOIN device d ON d.device_id = f.device_id
    JOIN account a ON a.user_id = d.user_id
    WHERE f.family_id = t.family_id AND f.revoked_at IS NULL
      AND d.removed_at IS NULL AND t.expires_at > now();
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  IF t.used_at IS NULL THEN
    UPDATE refresh_token r SET used_at = now() WHERE r.token_hash = p_old;
    INSERT INTO refresh_token (token_hash, family_id, expires_at)
      VALUES (p_new, t.family_id, p_expires_at);
  END IF;
  outcome := 'ok';
END $$;

-- For nodes from before, which know no grace.
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  t refresh_token%ROWTYPE;
BEGIN
  SELECT * INTO t FROM refresh_token r WHERE r.token_hash = p_old FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  IF t.used_at IS NOT NULL THEN
    UPDATE token_family f SET revoked_at = now()
      WHERE f.family_id = t.family_id AND f.revoked_at IS NULL;
    outcome := 'refresh-reused';
    RETURN;
  END IF;
  SELECT f.family_id, d.device_id, a.user_id, a.username
    INTO rotate_refresh_token.family_id, rotate_refresh_token.device_id,
         rotate_refresh_token.user_id, rotate_refresh_token.username
    FROM token_family f
    JOIN device d ON d.device_id = f.device_id
    JOIN account a ON a.user_id = d.user_id
    WHERE f.family_id = t.family_id AND f.revoked_at IS NULL
      AND d.removed_at IS NULL AND t.expires_at > now();
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  UPDATE refresh_token r SET used_at = now() WHERE r.token_hash = p_old;
  INSERT INTO refresh_token (token_hash, family_id, expires_at)
    VALUES (p_new, t.family_id, p_expires_at);
  outcome := 'ok';
END $$;

REVOKE DELETE ON refresh_token FROM hermetic_api;
DROP FUNCTION change_password,
  rotate_refresh_token(bytea, bytea, timestamptz, interval, bigint);

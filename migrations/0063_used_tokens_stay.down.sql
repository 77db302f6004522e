SET LOCAL search_path = hermetic;

CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz, p_grace interval, p_rate bigint,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text, OUT ended boolean, OUT wait integer)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  t refresh_token%ROWTYPE;
  v_suspended boolean;
  v_until timestamptz;
BEGIN
  ended := false;
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
      WHERE f.family_id = t.family_id AND f.revoked_at IS NULL
      RETURNING f.family_id INTO rotate_refresh_token.family_id;
    ended := FOUND;
    IF ended THEN
      DELETE FROM refresh_token WHERE token_hash IN (
        SELECT r.token_hash FROM refresh_token r
        WHERE r.family_id = t.family_id AND r.token_hash <> p_old
        FOR UPDATE SKIP LOCKED);
    END IF;
    outcome := 'refresh-reused';
    RETURN;
  END IF;
  SELECT f.family_id, d.device_id, a.user_id, a.username, a.suspended_at IS NOT NULL
    INTO rotate_refresh_token.family_id, rotate_refresh_token.device_id,
         rotate_refresh_token.user_id, rotate_refresh_token.username, v_suspended
    FROM token_family f
    JOIN device d ON d.device_id = f.device_id
    JOIN account a ON a.user_id = d.user_id
    WHERE f.family_id = t.family_id AND f.revoked_at IS NULL
      AND d.removed_at IS NULL AND t.expires_at > now();
  IF NOT FOUND THEN
    outcome := 'refresh-invalid';
    RETURN;
  END IF;
  IF v_suspended THEN
    outcome := 'account-suspended';
    RETURN;
  END IF;
  outcome := 'ok';
  IF t.used_at IS NOT NULL THEN
    RETURN;
  END IF;
  IF p_rate > 0 THEN
    SELECT r.used_at + interval '1 minute' INTO v_until FROM refresh_token r
      WHERE r.family_id = t.family_id AND r.used_at IS NOT NULL
      ORDER BY r.used_at DESC OFFSET p_rate - 1 LIMIT 1;
    IF v_until > now() THEN
      outcome := 'too-many-requests';
      wait := ceil(extract(epoch FROM v_until - now()));
      RETURN;
    END IF;
  END IF;
  UPDATE refresh_token r SET used_at = now() WHERE r.token_hash = p_old;
  INSERT INTO refresh_token (token_hash, family_id, expires_at)
    VALUES (p_new, t.family_id, p_expires_at);
  DELETE FROM refresh_token WHERE token_hash IN (
    SELECT r.token_hash FROM refresh_token r
    WHERE r.family_id = t.family_id
      AND r.used_at < now() - greatest(p_grace, interval '1 minute')
      AND r.token_hash NOT IN (
        SELECT u.token_hash FROM refresh_token u
        WHERE u.family_id = t.family_id AND u.used_at IS NOT NULL
        ORDER BY u.used_at DESC LIMIT 8)
    FOR UPDATE SKIP LOCKED);
END $$;

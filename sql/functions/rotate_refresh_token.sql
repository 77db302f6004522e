-- Exchanges a refresh token, which may be used once, for the next one of its family. When a
-- token is used a second time, one of its two users is a thief, so the whole family is revoked.
-- The exception is a client that did not get its answer: within p_grace it may ask again and
-- gets the same new token, as long as nobody has used that one. (The caller derives p_new from
-- p_old, so both calls bring the same token.) `ended` is true when this call has revoked the
-- family, and false when an earlier one had.
--
-- p_rate is how many new tokens a family may get in a minute; 0 means any number. Above it the
-- outcome is `too-many-requests`, the old token stays unused, and `wait` is the number of
-- seconds until the client may try again.
--
-- A used token is kept until it expires, since a second use cannot be noticed without it. Of a
-- family that was revoked for a second use, only the token that was used twice is kept.
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
        LIMIT 1000 FOR UPDATE SKIP LOCKED); -- others go when they expire
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
END $$;

-- For nodes from before, which know no rate.
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz, p_grace interval,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text)
LANGUAGE sql SET search_path = hermetic AS $$
  SELECT r.outcome, r.family_id, r.device_id, r.user_id, r.username
  FROM rotate_refresh_token(p_old, p_new, p_expires_at, p_grace, 0) r;
$$;

-- For nodes from before, which know no grace.
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_old bytea, p_new bytea, p_expires_at timestamptz,
  OUT outcome text, OUT family_id uuid, OUT device_id uuid, OUT user_id uuid,
  OUT username text)
LANGUAGE sql SET search_path = hermetic AS $$
  SELECT r.outcome, r.family_id, r.device_id, r.user_id, r.username
  FROM rotate_refresh_token(p_old, p_new, p_expires_at, interval '0', 0) r;
$$;

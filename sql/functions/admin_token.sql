-- A token that lets p_uses people register in the next p_seconds; p_hash is its SHA-256.
CREATE OR REPLACE FUNCTION admin_token(p_hash bytea, p_uses integer, p_seconds bigint,
                                       p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO registration_token (token_hash, uses_left, expires_at)
    VALUES (p_hash, p_uses, now() + make_interval(secs => p_seconds));
  DELETE FROM registration_token WHERE token_hash IN (
    SELECT token_hash FROM registration_token WHERE expires_at < now() LIMIT 1000);
  PERFORM audit_append(admin_actor(p_token, 'write'), 'registration-token',
                       '00000000-0000-0000-0000-000000000000',
                       p_uses || ' uses');
  RETURN true;
END $$;

-- A token for the administration's API; p_hash is the SHA-256 of its secret part, p_scopes
-- what it may do, as a list with commas.
CREATE OR REPLACE FUNCTION admin_api_token_make(p_id uuid, p_name text, p_hash bytea,
                                                p_scopes text, p_seconds bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO admin_api_token (token_id, name, token_hash, scopes, expires_at)
    VALUES (p_id, p_name, p_hash, p_scopes, now() + make_interval(secs => p_seconds));
  PERFORM audit_append(admin_actor(NULL, ''), 'api-token', p_id, p_name || ' ' || p_scopes);
  RETURN true;
END $$;

-- The token of this id: its hash, its scopes, and whether it is good, which it is until
-- it ends or expires.
CREATE OR REPLACE FUNCTION admin_api_token_find(p_token uuid)
RETURNS TABLE (name text, token_hash bytea, scopes text, good boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
  SELECT t.name, t.token_hash, t.scopes, t.ended_at IS NULL AND t.expires_at > now()
  FROM admin_api_token t WHERE t.token_id = p_token
$$;

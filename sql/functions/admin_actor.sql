-- Who acts, as the record names it: `admin`, a person with hermetic-admin, or
-- `admin:NAME`, the API token of that name. The API's role acts for a token alone, for
-- one that is good now and has the scope that the act wants. It cannot list the tokens'
-- ids, so it acts for none that nobody has shown it.
CREATE OR REPLACE FUNCTION admin_actor(p_token uuid, p_scope text)
RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_name text;
BEGIN
  IF p_token IS NULL AND session_user = 'hermetic_api' THEN
    RETURN 'account';
  END IF;
  IF p_token IS NULL AND session_user <> 'hermetic_admin' THEN
    RETURN 'admin';
  END IF;
  SELECT name INTO v_name FROM admin_api_token
    WHERE token_id = p_token AND ended_at IS NULL AND expires_at > now()
      AND p_scope = ANY (string_to_array(scopes, ','));
  IF v_name IS NULL THEN
    RAISE insufficient_privilege USING MESSAGE = 'no such token of the administration';
  END IF;
  RETURN 'admin:' || v_name;
END $$;

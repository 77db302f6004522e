-- Takes a token to register with back; p_id as the list of them says it. Returns whether
-- there is one.
CREATE OR REPLACE FUNCTION admin_token_end(p_id text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  DELETE FROM registration_token WHERE left(encode(token_hash, 'hex'), 16) = p_id;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_append(admin_actor(p_token, 'write'), 'registration-token-ended',
                       '00000000-0000-0000-0000-000000000000', p_id);
  RETURN true;
END $$;

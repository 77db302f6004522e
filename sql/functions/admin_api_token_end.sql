-- Ends a token of the administration's API. Its row stays, since the record has its name.
-- Returns whether there is one that was good.
CREATE OR REPLACE FUNCTION admin_api_token_end(p_name text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_id uuid;
BEGIN
  UPDATE admin_api_token SET ended_at = now()
    WHERE name = p_name AND ended_at IS NULL RETURNING token_id INTO v_id;
  IF v_id IS NULL THEN
    RETURN false;
  END IF;
  PERFORM audit_append(admin_actor(NULL, ''), 'api-token-ended', v_id, p_name);
  RETURN true;
END $$;

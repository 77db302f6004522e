-- Erases an account (erase_account()), and holds its name back: whoever knew it would take
-- the next account of that name for the first. The name is kept as those of limits are,
-- and is not given out again for HERMETIC_NAME_HOLD_SECONDS.
CREATE OR REPLACE FUNCTION admin_erase(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  IF NOT erase_account(p_username, p_token) THEN
    RETURN false;
  END IF;
  INSERT INTO held_name (name) VALUES (limit_name('held ' || p_username))
    ON CONFLICT (name) DO UPDATE SET since = now();
  RETURN true;
END $$;

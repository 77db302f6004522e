-- Goes on with an account that is being erased, the oldest first (end_account_piece()), and
-- drops its row when nothing refers to it any more. Returns how many rows it touched: a
-- thousand or more when there is more to do. As its owner: the worker's role reads no account.
CREATE OR REPLACE FUNCTION end_accounts()
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hermetic, pg_temp AS $$
DECLARE
  v_user uuid;
  v_touched bigint;
BEGIN
  SELECT user_id INTO v_user FROM account_end ORDER BY since, user_id LIMIT 1;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  v_touched := end_account_piece(v_user);
  IF v_touched < 1000 THEN
    DELETE FROM account WHERE user_id = v_user;
  END IF;
  RETURN greatest(v_touched, 1);
END $$;

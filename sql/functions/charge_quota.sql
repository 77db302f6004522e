-- Charges p_n of a quota of p_quota in p_window to `p_what`. Returns 0, or how many
-- seconds it takes until that will do; nothing is charged then. A quota of 0 is
-- none.
CREATE OR REPLACE FUNCTION charge_quota(p_what text, p_n bigint, p_quota bigint,
                                        p_window interval)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_name bigint := limit_name(p_what);
  v_free timestamptz;
  v_cost interval := p_window * least(p_n::double precision
                                      / greatest(p_quota, 1), 1);
BEGIN
  IF p_n = 0 OR p_quota = 0 THEN
    RETURN 0;
  END IF;
  INSERT INTO allowance AS a VALUES (v_name, now())
    ON CONFLICT (name) DO UPDATE SET free_at = greatest(a.free_at, now())
    RETURNING a.free_at INTO v_free;
  IF v_free + v_cost > now() + p_window THEN
    RETURN ceil(extract(epoch FROM v_free + v_cost - now() - p_window));
  END IF;
  UPDATE allowance SET free_at = v_free + v_cost WHERE name = v_name;
  RETURN 0;
END $$;

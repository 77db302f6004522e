-- What an account has used of the limits that statements count (charge_quota()), and how
-- much it has of what there is a quota of. `debt_ms`: until all of the limit is there
-- again. Returns no row where there is no such account.
CREATE OR REPLACE FUNCTION admin_limits(p_username text)
RETURNS TABLE (what text, window_s integer, debt_ms bigint, stored bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
#variable_conflict use_column
DECLARE
  v_user uuid := (SELECT a.user_id FROM account a
                  WHERE a.username = p_username AND a.erased_at IS NULL);
  v_waiting bigint := (SELECT count(*) FROM invitation i WHERE i.user_id = v_user);
BEGIN
  RETURN QUERY
  SELECT l.what, l.window_s,
         CASE WHEN l.window_s IS NOT NULL THEN coalesce((
           SELECT greatest(extract(epoch FROM b.free_at - now()) * 1000, 0)::bigint
           FROM allowance b WHERE b.name = limit_name(l.what || l.of || v_user)), 0)
         END,
         l.stored
  FROM (VALUES
    ('sessions', ' by ', 86400, NULL), ('invitations', ' by ', 86400, NULL),
    ('claims', ' of ', 3600, NULL),
    ('devices', '', NULL, (SELECT count(*) FROM device d
      WHERE d.user_id = v_user AND d.removed_at IS NULL)),
    ('key-packages', '', NULL, (SELECT count(*) FROM device d
      JOIN key_package k USING (device_id)
      WHERE d.user_id = v_user AND d.removed_at IS NULL)),
    ('invitations-waiting', '', NULL, v_waiting)
  ) AS l(what, of, window_s, stored)
  WHERE v_user IS NOT NULL;
END $$;

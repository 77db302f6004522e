-- What an account has used of the limits that statements count (charge_quota()), and how
-- much it has of what there is a quota of. `debt_ms`: until all of the limit is there
-- again. Returns no row where there is no such account.
CREATE OR REPLACE FUNCTION admin_limits(p_username text)
RETURNS TABLE (what text, window_s integer, debt_ms bigint, stored bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
  SELECT l.what, l.window_s,
         CASE WHEN l.window_s IS NOT NULL THEN coalesce((
           SELECT greatest(extract(epoch FROM b.free_at - now()) * 1000, 0)::bigint
           FROM allowance b WHERE b.name = limit_name(l.what || l.of || a.user_id)), 0)
         END,
         l.stored
  FROM account a CROSS JOIN LATERAL (VALUES
    ('sessions', ' by ', 86400, NULL), ('invitations', ' by ', 86400, NULL),
    ('claims', ' of ', 3600, NULL),
    ('devices', '', NULL, (SELECT count(*) FROM device d
      WHERE d.user_id = a.user_id AND d.removed_at IS NULL)),
    ('key-packages', '', NULL, (SELECT count(*) FROM device d
      JOIN key_package k USING (device_id)
      WHERE d.user_id = a.user_id AND d.removed_at IS NULL)),
    ('invitations-waiting', '', NULL, (SELECT count(*) FROM invitation i
      WHERE i.user_id = a.user_id))
  ) AS l(what, of, window_s, stored)
  WHERE a.username = p_username AND a.erased_at IS NULL
$$;

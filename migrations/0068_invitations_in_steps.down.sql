SET LOCAL search_path = hermetic;

-- Charges invitations of accounts by another one: p_day in a day, and p_pending
-- that one account has not followed. Returns 0, seconds to wait, or -1 where so many
-- wait already. An invitation of p_by itself is not counted. When two calls of one
-- account run at once, the second waits and counts what the first has charged.
CREATE OR REPLACE FUNCTION charge_invitations(p_by uuid, p_users uuid[], p_day bigint,
                                   p_pending bigint)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  p_users := array_remove(p_users, p_by);
  PERFORM FROM account WHERE user_id = p_by FOR NO KEY UPDATE;
  IF p_pending > 0 AND EXISTS (
    SELECT FROM unnest(p_users) AS u(user_id)
    WHERE (SELECT count(*) FROM invitation i
           WHERE i.user_id = u.user_id AND i.invited_by = p_by
             AND NOT EXISTS (
               SELECT FROM device d JOIN active_member m USING (device_id)
               WHERE d.user_id = i.user_id AND m.session_id = i.session_id))
          >= p_pending) THEN
    RETURN -1;
  END IF;
  RETURN charge_quota('invitations by ' || p_by, cardinality(p_users), p_day,
                interval '1 day');
END $$;

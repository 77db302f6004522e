-- Invitations that wait are counted for one person after the other, without a set of a function
-- around it, so that Citus plans it: wherever these had a limit, it refused each invitation.
SET LOCAL search_path = hermetic;

-- Charges invitations of accounts by another one: p_day in a day, and p_pending
-- that one account has not followed. Returns 0, seconds to wait, or -1 where so many
-- wait already. An invitation of p_by itself is not counted. When two calls of one
-- account run at once, the second waits and counts what the first has charged.
--
-- Citus asks sessions and accounts apart, and one person after the other.
CREATE OR REPLACE FUNCTION charge_invitations(p_by uuid, p_users uuid[], p_day bigint,
                                   p_pending bigint)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_devices uuid[];
  v_pending bigint;
BEGIN
  p_users := array_remove(p_users, p_by);
  PERFORM FROM account WHERE user_id = p_by FOR NO KEY UPDATE;
  FOREACH v_user IN ARRAY CASE WHEN p_pending > 0 THEN p_users ELSE '{}' END LOOP
    v_devices := ARRAY(SELECT d.device_id FROM device d WHERE d.user_id = v_user);
    SELECT count(*) INTO v_pending FROM invitation i
      WHERE i.user_id = v_user AND i.invited_by = p_by
        AND NOT EXISTS (SELECT FROM active_member m
                        WHERE m.session_id = i.session_id
                          AND m.device_id = ANY (v_devices));
    IF v_pending >= p_pending THEN
      RETURN -1;
    END IF;
  END LOOP;
  RETURN charge_quota('invitations by ' || p_by, cardinality(p_users), p_day,
                interval '1 day');
END $$;

-- Invites the users of these names (p_names) into a session, of which p_device of p_user has to
-- be a member. What that costs is charged by p_day and p_ahead (charge_invitations()),
-- for whom was not invited before. With each goes p_letter where it is not NULL: in the
-- place of one that is there of this account's log, and at most p_letters of a session stay
-- for a user, the newest. `wait`: as charge_invitations().
CREATE OR REPLACE FUNCTION invite(
  p_session uuid, p_user uuid, p_device uuid, p_names text[], p_day bigint,
  p_ahead bigint, p_letter bytea, p_letters bigint, OUT outcome text, OUT wait integer)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_names text[] := ARRAY(SELECT visible_name(u, p_user) FROM unnest(p_names) u);
  v_users uuid[] := ARRAY(SELECT a.user_id FROM account a
                          WHERE a.username = ANY (v_names));
  v_before uuid[] := ARRAY(SELECT i.user_id FROM invitation i
                           WHERE i.session_id = p_session
                             AND i.user_id = ANY (v_users));
  v_user uuid;
  v_log bytea;
  v_old bytea[];
BEGIN
  wait := 0;
  outcome := CASE
    WHEN NOT EXISTS (SELECT FROM session s WHERE s.session_id = p_session)
      THEN 'no-session'
    WHEN NOT EXISTS (SELECT FROM active_member m
                     WHERE m.session_id = p_session AND m.device_id = p_device)
      THEN 'not-a-member'
    WHEN cardinality(v_users) <> (SELECT count(DISTINCT u) FROM unnest(p_names) u)
      THEN 'no-such-user'
    ELSE 'ok'
  END;
  IF outcome <> 'ok' THEN
    RETURN;
  END IF;
  wait := charge_invitations(p_user, ARRAY(SELECT u.id FROM unnest(v_users) AS u(id)
                                           WHERE u.id <> ALL (v_before)),
                             p_day, p_ahead);
  IF wait <> 0 THEN
    outcome := CASE WHEN wait > 0 THEN 'too-many-requests' ELSE 'quota-exceeded' END;
    RETURN;
  END IF;
  INSERT INTO invitation AS i (session_id, user_id, invited_by, letter)
    SELECT p_session, u.id, p_user, p_letter FROM unnest(v_users) AS u(id)
    ON CONFLICT (session_id, user_id) DO UPDATE SET letter = excluded.letter
      WHERE excluded.letter IS NOT NULL;
  IF p_letter IS NULL THEN
    RETURN;
  END IF;
  FOR v_log IN SELECT l.fingerprint FROM account_log l
               WHERE l.user_id = p_user AND l.replaced_at IS NULL LOOP
    FOREACH v_user IN ARRAY v_users LOOP
      INSERT INTO invitation_letter (session_id, user_id, fingerprint, invited_by,
                                     letter, given_at)
        VALUES (p_session, v_user, v_log, p_user, p_letter, now())
        ON CONFLICT (user_id, session_id, fingerprint)
          DO UPDATE SET letter = excluded.letter, given_at = excluded.given_at;
      v_old := ARRAY(SELECT k.fingerprint FROM invitation_letter k
                     WHERE k.session_id = p_session AND k.user_id = v_user
                       AND k.fingerprint <> v_log
                     ORDER BY k.given_at DESC, k.fingerprint
                     OFFSET greatest(p_letters - 1, 0));
      DELETE FROM invitation_letter k
        WHERE k.session_id = p_session AND k.user_id = v_user
          AND k.fingerprint = ANY (v_old);
    END LOOP;
  END LOOP;
END $$;

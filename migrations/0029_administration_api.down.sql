SET LOCAL search_path = hermetic;

DO $$ BEGIN
  IF to_regrole('hermetic_admin') IS NOT NULL THEN
    REVOKE ALL ON ALL TABLES IN SCHEMA hermetic FROM hermetic_admin;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hermetic FROM hermetic_admin;
    REVOKE ALL ON SCHEMA hermetic FROM hermetic_admin;
  END IF;
END $$;
REVOKE SELECT ON registration_token FROM hermetic_rotation;

DROP FUNCTION admin_erase, admin_export, admin_session_end, admin_sign_out,
  admin_suspend, admin_token, admin_token_end, admin_device_end,
  admin_api_token_make, admin_api_token_end, admin_limits, admin_limits_reset,
  admin_statistics, admin_grants, admin_actor;

-- Erases an account: what leads to the person goes, and what the sessions of others are
-- proved by stays, under a name that is nobody's (docs/operations.md, "Erasure"): its
-- devices' ids, the fingerprint and the links of its logs, whose salts go. Returns
-- whether there is such an account.
--
-- Its devices end as any do, so the keys of their sessions are due (docs/adr/0018).
CREATE FUNCTION admin_erase(p_username text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  SELECT user_id INTO v_user FROM account
    WHERE username = p_username AND erased_at IS NULL FOR UPDATE;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM end_device(device_id) FROM device
    WHERE user_id = v_user AND removed_at IS NULL;
  DELETE FROM refresh_token r USING token_family f, device d
    WHERE r.family_id = f.family_id AND f.device_id = d.device_id
      AND d.user_id = v_user;
  DELETE FROM presence p USING device d
    WHERE p.device_id = d.device_id AND d.user_id = v_user;
  DELETE FROM invitation WHERE user_id = v_user;
  UPDATE device SET name = 'erased' WHERE user_id = v_user;
  UPDATE account_log SET salt = decode(repeat('00', 32), 'hex'),
                         replaced_at = coalesce(replaced_at, now())
    WHERE user_id = v_user;
  UPDATE account SET username = 'erased.' || left(replace(gen_random_uuid()::text,
                                                          '-', ''), 24),
                     salt = '', password_hash = '',
                     suspended_at = coalesce(suspended_at, now()),
                     erased_at = now()
    WHERE user_id = v_user;
  PERFORM audit_append('admin', 'erased', v_user, '');
  RETURN true;
END $$;

-- What is stored about an account, as one JSON text; NULL: there is no such account.
-- What it said is sealed: of that there are the numbers and sizes alone.
CREATE FUNCTION admin_export(p_username text)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  a account%ROWTYPE;
  archive jsonb;
BEGIN
  SELECT * INTO a FROM account WHERE username = p_username AND erased_at IS NULL;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM audit_append('admin', 'exported', a.user_id, '');
  SELECT jsonb_build_object(
    'username', a.username, 'user_id', a.user_id, 'created_at', a.created_at,
    'suspended_at', a.suspended_at,
    'devices', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'device_id', d.device_id, 'name', d.name, 'created_at', d.created_at,
        'removed_at', d.removed_at, 'number', d.link_number,
        'key_packages', (SELECT count(*) FROM key_package k
                         WHERE k.device_id = d.device_id),
        'seen_at', (SELECT max(p.seen_at) FROM presence p
                    WHERE p.device_id = d.device_id),
        'logins', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'created_at', f.created_at, 'revoked_at', f.revoked_at)
            ORDER BY f.created_at), '[]')
          FROM token_family f WHERE f.device_id = d.device_id)
      ) ORDER BY d.created_at), '[]') FROM device d WHERE d.user_id = a.user_id),
    'logs', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'fingerprint', encode(l.fingerprint, 'hex'), 'salt', encode(l.salt, 'hex'),
        'created_at', l.created_at, 'replaced_at', l.replaced_at,
        'links', (SELECT coalesce(jsonb_agg(encode(k.link, 'hex') ORDER BY k.number),
                                  '[]')
                  FROM account_link k WHERE k.fingerprint = l.fingerprint)
      ) ORDER BY l.created_at), '[]') FROM account_log l WHERE l.user_id = a.user_id),
    'sessions', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'session_id', m.session_id, 'device_id', m.device_id,
        'left_at', m.departed_at,
        'sent', (SELECT count(*) FROM message e WHERE e.session_id = m.session_id
                 AND e.sender = m.device_id),
        'bytes', (SELECT coalesce(sum(octet_length(e.envelope)), 0)
                  FROM message e WHERE e.session_id = m.session_id
                    AND e.sender = m.device_id)
      ) ORDER BY m.session_id, m.device_id), '[]')
      FROM session_member m JOIN device d USING (device_id)
      WHERE d.user_id = a.user_id),
    'invitations', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'session_id', i.session_id, 'invited_by', b.username,
        'created_at', i.created_at) ORDER BY i.created_at), '[]')
      FROM invitation i JOIN account b ON b.user_id = i.invited_by
      WHERE i.user_id = a.user_id),
    'audit', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'n', u.n, 'at_us', u.at_us, 'actor', u.actor, 'event', u.event,
        'detail', u.detail) ORDER BY u.n), '[]')
      FROM audit u WHERE u.subject = a.user_id))
    INTO archive;
  RETURN archive::text;
END $$;

-- Ends a session: nobody can send any more, and its log goes after the time that
-- sessions which ended are kept. Returns whether there is one that goes on.
CREATE FUNCTION admin_session_end(p_session uuid)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  UPDATE session SET ended_at = now()
    WHERE session_id = p_session AND ended_at IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM rotation WHERE session_id = p_session;
  PERFORM audit_append('admin', 'session-ended', p_session, '');
  RETURN true;
END $$;

-- Ends all logins of an account: its tokens are refused from now on. Returns whether
-- there is such an account.
CREATE FUNCTION admin_sign_out(p_username text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_count bigint;
BEGIN
  SELECT user_id INTO v_user FROM account WHERE username = p_username;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  UPDATE token_family SET revoked_at = now()
    WHERE revoked_at IS NULL
      AND device_id = ANY (ARRAY(SELECT device_id FROM device
                                 WHERE user_id = v_user));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  PERFORM audit_append('admin', 'signed-out', v_user, v_count || ' logins');
  RETURN true;
END $$;

-- p_on: nobody logs in to the account any more, and all its tokens end. Returns whether
-- there is such an account.
CREATE FUNCTION admin_suspend(p_username text, p_on boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  UPDATE account SET suspended_at = CASE WHEN p_on THEN now() END
    WHERE username = p_username RETURNING user_id INTO v_user;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM audit_append('admin', CASE WHEN p_on THEN 'suspended' ELSE 'resumed' END,
                       v_user, '');
  IF p_on THEN
    PERFORM admin_sign_out(p_username);
  END IF;
  RETURN true;
END $$;

-- A token that lets p_uses people register in the next p_seconds; p_hash is its SHA-256.
CREATE FUNCTION admin_token(p_hash bytea, p_uses integer, p_seconds bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO registration_token (token_hash, uses_left, expires_at)
    VALUES (p_hash, p_uses, now() + make_interval(secs => p_seconds));
  DELETE FROM registration_token WHERE expires_at < now();
  PERFORM audit_append('admin', 'registration-token',
                       '00000000-0000-0000-0000-000000000000',
                       p_uses || ' uses');
  RETURN true;
END $$;

-- Charges p_n of a quota of p_quota in p_window to `p_what`. Returns 0, or how many
-- seconds it takes until that will do; nothing is charged then. A quota of 0 is
-- none.
CREATE OR REPLACE FUNCTION charge_quota(p_what text, p_n bigint, p_quota bigint,
                                        p_window interval)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_name bigint;
  v_free timestamptz;
  v_cost interval := p_window * least(p_n::double precision
                                      / greatest(p_quota, 1), 1);
BEGIN
  IF p_n = 0 OR p_quota = 0 THEN
    RETURN 0;
  END IF;
  SELECT ('x' || left(encode(sha256(key || convert_to(p_what, 'UTF8')), 'hex'), 16))
           ::bit(64)::bigint
    INTO v_name FROM limit_key;
  INSERT INTO allowance AS a VALUES (v_name, now())
    ON CONFLICT (name) DO UPDATE SET free_at = greatest(a.free_at, now())
    RETURNING a.free_at INTO v_free;
  IF v_free + v_cost > now() + p_window THEN
    RETURN ceil(extract(epoch FROM v_free + v_cost - now() - p_window));
  END IF;
  UPDATE allowance SET free_at = v_free + v_cost WHERE name = v_name;
  RETURN 0;
END $$;

DROP FUNCTION limit_name;

-- Acts by tokens stay in the record, whose rows do not change: so does the looser check.
DROP TABLE admin_api_token;

REVOKE ALL ON FUNCTION admin_erase, admin_export, admin_session_end, admin_sign_out,
  admin_suspend, admin_token FROM PUBLIC;
GRANT EXECUTE ON FUNCTION admin_erase, admin_export, admin_session_end, admin_sign_out,
  admin_suspend, admin_token TO hermetic_rotation;

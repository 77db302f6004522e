-- Wrong passphrases can be forgotten for an account, and the database holds the scopes of
-- the administration's tokens (docs/adr/0045).

SET LOCAL search_path = hermetic;

-- How often they were forgotten; a part of the name that nodes count them under.
ALTER TABLE account ADD COLUMN guesses_reset integer NOT NULL DEFAULT 0;

DROP FUNCTION admin_actor;

-- Who acts, as the record names it: `admin`, a person with hermetic-admin, or
-- `admin:NAME`, the API token of that name. The API's role acts for a token alone, for
-- one that is good now and has the scope that the act wants. It cannot list the tokens'
-- ids, so it acts for none that nobody has shown it.
CREATE OR REPLACE FUNCTION admin_actor(p_token uuid, p_scope text)
RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_name text;
BEGIN
  IF p_token IS NULL AND session_user <> 'hermetic_admin' THEN
    RETURN 'admin';
  END IF;
  SELECT name INTO v_name FROM admin_api_token
    WHERE token_id = p_token AND ended_at IS NULL AND expires_at > now()
      AND p_scope = ANY (string_to_array(scopes, ','));
  IF v_name IS NULL THEN
    RAISE insufficient_privilege USING MESSAGE = 'no such token of the administration';
  END IF;
  RETURN 'admin:' || v_name;
END $$;

-- The token of this id: its hash, its scopes, and whether it is good, which it is until
-- it ends or expires.
CREATE OR REPLACE FUNCTION admin_api_token_find(p_token uuid)
RETURNS TABLE (name text, token_hash bytea, scopes text, good boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
  SELECT t.name, t.token_hash, t.scopes, t.ended_at IS NULL AND t.expires_at > now()
  FROM admin_api_token t WHERE t.token_id = p_token
$$;

-- Ends a device, as if its person had: it is served nothing more. Where it stands in the
-- account's log it stays there until another device of the account ends it with a link.
-- Returns whether there is such a device.
CREATE OR REPLACE FUNCTION admin_device_end(p_device uuid, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  SELECT user_id INTO v_user FROM device
    WHERE device_id = p_device AND removed_at IS NULL FOR UPDATE;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM end_device(p_device);
  PERFORM audit_append(admin_actor(p_token, 'write'), 'device-ended', v_user, p_device::text);
  RETURN true;
END $$;

-- Erases an account: what leads to the person goes, and what the sessions of others are
-- proved by stays, under a name that is nobody's (docs/operations.md, "Erasure"): its
-- devices' ids, the fingerprint and the links of its logs, whose salts go. Returns
-- whether there is such an account.
--
-- Its devices end as any do, so the keys of their sessions are due (docs/adr/0018).
CREATE OR REPLACE FUNCTION admin_erase(p_username text, p_token uuid DEFAULT NULL)
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
  PERFORM audit_append(admin_actor(p_token, 'erase'), 'erased', v_user, '');
  RETURN true;
END $$;

-- What is stored about an account, as one JSON text; NULL: there is no such account.
-- What it said is sealed: of that there are the numbers and sizes alone.
CREATE OR REPLACE FUNCTION admin_export(p_username text, p_token uuid DEFAULT NULL)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  a account%ROWTYPE;
  archive jsonb;
BEGIN
  SELECT * INTO a FROM account WHERE username = p_username AND erased_at IS NULL;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM audit_append(admin_actor(p_token, 'export'), 'exported', a.user_id, '');
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

-- Forgets what an account has used of the limits that admin_limits() shows, and the wrong
-- passphrases for it: nodes count these under this number. Returns whether there is such
-- an account.
CREATE OR REPLACE FUNCTION admin_limits_reset(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  UPDATE account SET guesses_reset = guesses_reset + 1
    WHERE username = p_username AND erased_at IS NULL RETURNING user_id INTO v_user;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  DELETE FROM allowance WHERE name IN (
    limit_name('sessions by ' || v_user), limit_name('invitations by ' || v_user),
    limit_name('claims of ' || v_user));
  PERFORM audit_append(admin_actor(p_token, 'write'), 'limits-reset', v_user, '');
  RETURN true;
END $$;

-- Ends a session: nobody can send any more, and its log goes after the time that
-- sessions which ended are kept. Returns whether there is one that goes on.
CREATE OR REPLACE FUNCTION admin_session_end(p_session uuid,
                                             p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  UPDATE session SET ended_at = now()
    WHERE session_id = p_session AND ended_at IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM rotation WHERE session_id = p_session;
  PERFORM audit_append(admin_actor(p_token, 'write'), 'session-ended', p_session, '');
  RETURN true;
END $$;

-- A token that lets p_uses people register in the next p_seconds; p_hash is its SHA-256.
CREATE OR REPLACE FUNCTION admin_token(p_hash bytea, p_uses integer, p_seconds bigint,
                                       p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO registration_token (token_hash, uses_left, expires_at)
    VALUES (p_hash, p_uses, now() + make_interval(secs => p_seconds));
  DELETE FROM registration_token WHERE expires_at < now();
  PERFORM audit_append(admin_actor(p_token, 'write'), 'registration-token',
                       '00000000-0000-0000-0000-000000000000',
                       p_uses || ' uses');
  RETURN true;
END $$;

-- Takes a token to register with back; p_id as the list of them says it. Returns whether
-- there is one.
CREATE OR REPLACE FUNCTION admin_token_end(p_id text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  DELETE FROM registration_token WHERE left(encode(token_hash, 'hex'), 16) = p_id;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_append(admin_actor(p_token, 'write'), 'registration-token-ended',
                       '00000000-0000-0000-0000-000000000000', p_id);
  RETURN true;
END $$;

-- Ends all logins of an account: its tokens are refused from now on. Returns whether
-- there is such an account.
CREATE OR REPLACE FUNCTION admin_sign_out(p_username text,
                                          p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_count bigint;
BEGIN
  SELECT user_id INTO v_user FROM account
    WHERE username = p_username AND erased_at IS NULL;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  UPDATE token_family SET revoked_at = now()
    WHERE revoked_at IS NULL
      AND device_id = ANY (ARRAY(SELECT device_id FROM device
                                 WHERE user_id = v_user));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  PERFORM audit_append(admin_actor(p_token, 'write'), 'signed-out', v_user,
                       v_count || ' logins');
  RETURN true;
END $$;

-- p_on: nobody logs in to the account any more, and all its tokens end. Returns whether
-- there is such an account.
CREATE OR REPLACE FUNCTION admin_suspend(p_username text, p_on boolean,
                                         p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  UPDATE account SET suspended_at = CASE WHEN p_on THEN now() END
    WHERE username = p_username AND erased_at IS NULL RETURNING user_id INTO v_user;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM audit_append(admin_actor(p_token, 'write'),
                       CASE WHEN p_on THEN 'suspended' ELSE 'resumed' END,
                       v_user, '');
  IF p_on THEN
    PERFORM admin_sign_out(p_username, p_token);
  END IF;
  RETURN true;
END $$;

-- A token for the administration's API; p_hash is the SHA-256 of its secret part, p_scopes
-- what it may do, as a list with commas.
CREATE OR REPLACE FUNCTION admin_api_token_make(p_id uuid, p_name text, p_hash bytea,
                                                p_scopes text, p_seconds bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO admin_api_token (token_id, name, token_hash, scopes, expires_at)
    VALUES (p_id, p_name, p_hash, p_scopes, now() + make_interval(secs => p_seconds));
  PERFORM audit_append(admin_actor(NULL, ''), 'api-token', p_id, p_name || ' ' || p_scopes);
  RETURN true;
END $$;

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

-- What the role of the administration's API may do. deploy/admin-role.sql makes that role,
-- perhaps after the schema, perhaps never. A change that adds a statement of the
-- administration adds the grant for the statement here.
CREATE OR REPLACE FUNCTION admin_grants()
RETURNS void LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  IF to_regrole('hermetic_admin') IS NULL THEN
    RETURN;
  END IF;
  GRANT USAGE ON SCHEMA hermetic TO hermetic_admin;
  GRANT SELECT (user_id, username, created_at, suspended_at, erased_at) ON account
    TO hermetic_admin;
  GRANT SELECT ON device, presence, active_member, session, rotation, worker_action,
    audit, audit_end, registration_token TO hermetic_admin;
  REVOKE ALL ON admin_api_token FROM hermetic_admin;
  GRANT SELECT (signs_at, retired_at) ON signing_key TO hermetic_admin;
  GRANT EXECUTE ON FUNCTION admin_suspend, admin_sign_out, admin_erase, admin_export,
    admin_sessions, admin_session_end, admin_device_end, admin_limits,
    admin_limits_reset, admin_statistics, admin_token, admin_token_end,
    admin_api_token_find TO hermetic_admin;
END $$;

REVOKE ALL ON FUNCTION admin_actor, admin_api_token_find FROM PUBLIC;
SELECT admin_grants();

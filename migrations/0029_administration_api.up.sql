-- The administration as an API (docs/adr/0043): tokens of its own, acts in the record by
-- their name, and what operators were missing (docs/operations.md, "Administration").

SET LOCAL search_path = hermetic;

-- What lets a program administer. A name is given once: the record has it.
CREATE TABLE admin_api_token (
  token_id   uuid PRIMARY KEY,
  name       text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9.-]{0,31}$'),
  token_hash bytea NOT NULL CHECK (length(token_hash) = 32), -- the token is never here
  scopes     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  ended_at   timestamptz
);

ALTER TABLE audit DROP CONSTRAINT audit_actor_check;
ALTER TABLE audit ADD CONSTRAINT audit_actor_check
  CHECK (actor IN ('account', 'admin') OR actor LIKE 'admin:_%');

-- Who acts, as the record names it: `admin`, a person with hermetic-admin, or
-- `admin:NAME`, the API token of that name. The API's role acts for a token alone, and
-- for one that is good now: a token that is ended meanwhile ends the act, too.
CREATE FUNCTION admin_actor(p_token uuid)
RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_name text;
BEGIN
  IF p_token IS NULL AND session_user <> 'hermetic_admin' THEN
    RETURN 'admin';
  END IF;
  SELECT name INTO v_name FROM admin_api_token
    WHERE token_id = p_token AND ended_at IS NULL AND expires_at > now();
  IF v_name IS NULL THEN
    RAISE insufficient_privilege USING MESSAGE = 'no such token of the administration';
  END IF;
  RETURN 'admin:' || v_name;
END $$;

-- With who acts as a parameter; who calls them as before still may.
DROP FUNCTION admin_erase, admin_export, admin_session_end, admin_sign_out,
  admin_suspend, admin_token;

-- Erases an account: what leads to the person goes, and what the sessions of others are
-- proved by stays, under a name that is nobody's (docs/operations.md, "Erasure"): its
-- devices' ids, the fingerprint and the links of its logs, whose salts go. Returns
-- whether there is such an account.
--
-- Its devices end as any do, so the keys of their sessions are due (docs/adr/0018).
CREATE FUNCTION admin_erase(p_username text, p_token uuid DEFAULT NULL)
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
  PERFORM audit_append(admin_actor(p_token), 'erased', v_user, '');
  RETURN true;
END $$;

-- What is stored about an account, as one JSON text; NULL: there is no such account.
-- What it said is sealed: of that there are the numbers and sizes alone.
CREATE FUNCTION admin_export(p_username text, p_token uuid DEFAULT NULL)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  a account%ROWTYPE;
  archive jsonb;
BEGIN
  SELECT * INTO a FROM account WHERE username = p_username AND erased_at IS NULL;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM audit_append(admin_actor(p_token), 'exported', a.user_id, '');
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
CREATE FUNCTION admin_session_end(p_session uuid,
                                             p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  UPDATE session SET ended_at = now()
    WHERE session_id = p_session AND ended_at IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM rotation WHERE session_id = p_session;
  PERFORM audit_append(admin_actor(p_token), 'session-ended', p_session, '');
  RETURN true;
END $$;

-- Ends all logins of an account: its tokens are refused from now on. Returns whether
-- there is such an account.
CREATE FUNCTION admin_sign_out(p_username text,
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
  PERFORM audit_append(admin_actor(p_token), 'signed-out', v_user,
                       v_count || ' logins');
  RETURN true;
END $$;

-- p_on: nobody logs in to the account any more, and all its tokens end. Returns whether
-- there is such an account.
CREATE FUNCTION admin_suspend(p_username text, p_on boolean,
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
  PERFORM audit_append(admin_actor(p_token),
                       CASE WHEN p_on THEN 'suspended' ELSE 'resumed' END,
                       v_user, '');
  IF p_on THEN
    PERFORM admin_sign_out(p_username, p_token);
  END IF;
  RETURN true;
END $$;

-- A token that lets p_uses people register in the next p_seconds; p_hash is its SHA-256.
CREATE FUNCTION admin_token(p_hash bytea, p_uses integer, p_seconds bigint,
                                       p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO registration_token (token_hash, uses_left, expires_at)
    VALUES (p_hash, p_uses, now() + make_interval(secs => p_seconds));
  DELETE FROM registration_token WHERE expires_at < now();
  PERFORM audit_append(admin_actor(p_token), 'registration-token',
                       '00000000-0000-0000-0000-000000000000',
                       p_uses || ' uses');
  RETURN true;
END $$;

-- Takes a token to register with back; p_id as the list of them says it. Returns whether
-- there is one.
CREATE FUNCTION admin_token_end(p_id text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  DELETE FROM registration_token WHERE left(encode(token_hash, 'hex'), 16) = p_id;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_append(admin_actor(p_token), 'registration-token-ended',
                       '00000000-0000-0000-0000-000000000000', p_id);
  RETURN true;
END $$;

-- Ends a device, as if its person had: it is served nothing more. Where it stands in the
-- account's log it stays there until another device of the account ends it with a link.
-- Returns whether there is such a device.
CREATE FUNCTION admin_device_end(p_device uuid, p_token uuid DEFAULT NULL)
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
  PERFORM audit_append(admin_actor(p_token), 'device-ended', v_user, p_device::text);
  RETURN true;
END $$;

-- A token for the administration's API; p_hash is the SHA-256 of its secret part, p_scopes
-- what it may do, as a list with commas.
CREATE FUNCTION admin_api_token_make(p_id uuid, p_name text, p_hash bytea,
                                                p_scopes text, p_seconds bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
BEGIN
  INSERT INTO admin_api_token (token_id, name, token_hash, scopes, expires_at)
    VALUES (p_id, p_name, p_hash, p_scopes, now() + make_interval(secs => p_seconds));
  PERFORM audit_append(admin_actor(NULL), 'api-token', p_id, p_name || ' ' || p_scopes);
  RETURN true;
END $$;

-- Ends a token of the administration's API. Its row stays, since the record has its name.
-- Returns whether there is one that was good.
CREATE FUNCTION admin_api_token_end(p_name text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_id uuid;
BEGIN
  UPDATE admin_api_token SET ended_at = now()
    WHERE name = p_name AND ended_at IS NULL RETURNING token_id INTO v_id;
  IF v_id IS NULL THEN
    RETURN false;
  END IF;
  PERFORM audit_append(admin_actor(NULL), 'api-token-ended', v_id, p_name);
  RETURN true;
END $$;

-- What a limit that a statement counts is kept under: a keyed hash of `p_what`.
CREATE FUNCTION limit_name(p_what text)
RETURNS bigint LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT ('x' || left(encode(sha256(key || convert_to(p_what, 'UTF8')), 'hex'), 16))
           ::bit(64)::bigint
  FROM limit_key
$$;

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

-- What an account has used of the limits that statements count (charge_quota()), and how
-- much it has of what there is a quota of. `debt_ms`: until all of the limit is there
-- again. Returns no row where there is no such account.
CREATE FUNCTION admin_limits(p_username text)
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

-- Forgets what an account has used of the limits that admin_limits() shows. Returns
-- whether there is such an account.
CREATE FUNCTION admin_limits_reset(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
BEGIN
  SELECT user_id INTO v_user FROM account
    WHERE username = p_username AND erased_at IS NULL;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  DELETE FROM allowance WHERE name IN (
    limit_name('sessions by ' || v_user), limit_name('invitations by ' || v_user),
    limit_name('claims of ' || v_user));
  PERFORM audit_append(admin_actor(p_token), 'limits-reset', v_user, '');
  RETURN true;
END $$;

-- How much there is of everything. `entries` are those that were ever stored in the logs
-- of the sessions that are there.
CREATE FUNCTION admin_statistics()
RETURNS TABLE (accounts bigint, suspended bigint, erased bigint, devices bigint,
               connected bigint, sessions bigint, sessions_ended bigint,
               entries bigint, invitations bigint, key_packages bigint,
               registration_tokens bigint, database_bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
  SELECT a.accounts, a.suspended, a.erased,
         (SELECT count(*) FROM device WHERE removed_at IS NULL),
         (SELECT count(*) FROM presence WHERE seen_at > now() - interval '90 seconds'),
         s.sessions, s.ended, s.entries,
         (SELECT count(*) FROM invitation), (SELECT count(*) FROM key_package),
         (SELECT count(*) FROM registration_token
          WHERE uses_left > 0 AND expires_at > now()),
         pg_database_size(current_database())
  FROM (SELECT count(*) FILTER (WHERE erased_at IS NULL) AS accounts,
               count(*) FILTER (WHERE suspended_at IS NOT NULL AND erased_at IS NULL)
                 AS suspended,
               count(erased_at) AS erased FROM account) AS a,
       (SELECT count(*) FILTER (WHERE ended_at IS NULL) AS sessions,
               count(ended_at) AS ended,
               coalesce(sum(last_seq), 0)::bigint AS entries FROM session) AS s
$$;

-- What the role of the administration's API may do. deploy/admin-role.sql makes that role,
-- perhaps after the schema, perhaps never. A change that adds a statement of the
-- administration adds the grant for the statement here.
CREATE FUNCTION admin_grants()
RETURNS void LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  IF to_regrole('hermetic_admin') IS NULL THEN
    RETURN;
  END IF;
  GRANT USAGE ON SCHEMA hermetic TO hermetic_admin;
  GRANT SELECT (user_id, username, created_at, suspended_at, erased_at) ON account
    TO hermetic_admin;
  GRANT SELECT ON device, presence, active_member, session, rotation, worker_action,
    audit, audit_end, registration_token, admin_api_token TO hermetic_admin;
  GRANT SELECT (signs_at, retired_at) ON signing_key TO hermetic_admin;
  GRANT EXECUTE ON FUNCTION admin_suspend, admin_sign_out, admin_erase, admin_export,
    admin_sessions, admin_session_end, admin_device_end, admin_limits,
    admin_limits_reset, admin_statistics, admin_token, admin_token_end
    TO hermetic_admin;
END $$;

GRANT SELECT ON registration_token, admin_api_token TO hermetic_rotation;
REVOKE ALL ON FUNCTION admin_actor, admin_erase, admin_export, admin_session_end,
  admin_sign_out, admin_suspend, admin_token, admin_token_end, admin_device_end,
  admin_api_token_make, admin_api_token_end, limit_name, admin_limits,
  admin_limits_reset, admin_statistics, admin_grants FROM PUBLIC;
GRANT EXECUTE ON FUNCTION limit_name TO hermetic_api;
GRANT EXECUTE ON FUNCTION admin_erase, admin_export, admin_session_end, admin_sign_out,
  admin_suspend, admin_token, admin_token_end, admin_device_end, admin_api_token_make,
  admin_api_token_end, admin_limits, admin_limits_reset, admin_statistics
  TO hermetic_rotation;
SELECT admin_grants();

-- What an operator does beside suspending: erases an account, exports one, looks at
-- sessions and ends one (docs/operations.md, "Accounts").

SET LOCAL search_path = hermetic;

-- Such an account has a name that is nobody's, and nothing else.
ALTER TABLE account ADD COLUMN erased_at timestamptz;

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

-- Sessions after p_after in the order of their ids, at most p_count; p_one: this one alone,
-- or NULL. `bytes` are those of the log. Nothing of what was said can be read by it.
CREATE FUNCTION admin_sessions(p_after uuid, p_count integer, p_one uuid)
RETURNS TABLE (session_id uuid, algorithm text, epoch bigint, created_ms bigint,
               ended_ms bigint, people bigint, devices bigint, entries bigint,
               bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
  SELECT s.session_id, s.algorithm, s.epoch,
         (extract(epoch FROM s.created_at) * 1000)::bigint,
         (extract(epoch FROM s.ended_at) * 1000)::bigint,
         m.people, m.devices, l.entries, l.bytes
  FROM session s
  CROSS JOIN LATERAL (
    SELECT count(DISTINCT d.user_id) AS people, count(*) AS devices
    FROM active_member a JOIN device d USING (device_id)
    WHERE a.session_id = s.session_id) m
  CROSS JOIN LATERAL (
    SELECT count(*) AS entries, coalesce(sum(octet_length(e.envelope)), 0) AS bytes
    FROM message e WHERE e.session_id = s.session_id) l
  WHERE s.session_id > p_after AND (p_one IS NULL OR s.session_id = p_one)
  ORDER BY s.session_id LIMIT p_count
$$;

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

GRANT SELECT (erased_at) ON account TO hermetic_rotation;
REVOKE ALL ON FUNCTION admin_erase, admin_export, admin_sessions, admin_session_end
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION admin_erase, admin_export, admin_sessions,
  admin_session_end TO hermetic_rotation;

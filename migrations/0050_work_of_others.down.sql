SET LOCAL search_path = hermetic;

-- A link that was verified behind the one whose hash is p_before. The first one
-- (p_salt is not NULL) is the user's own. What stands already is answered: the same
-- bytes are a `duplicate`, others a `taken`; `gap` when the link before is not there.
-- `last` is the number of the last link then, of the log that the name stands for.
--
-- Links are never changed, so what the caller has verified before is as it was; of two
-- that write the same number, or a branch (take_account_branch()), at once, one waits for
-- the other and loses.
CREATE OR REPLACE FUNCTION append_account_link(
  p_user uuid, p_fingerprint bytea, p_number bigint, p_before bytea,
  p_hash bytea, p_link bytea, p_salt bytea,
  OUT outcome text, OUT last bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  PERFORM lock_account_log(p_fingerprint);
  IF p_salt IS NOT NULL THEN
    INSERT INTO account_log (fingerprint, user_id, salt)
      VALUES (p_fingerprint, p_user, p_salt)
      ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM account_log l
                   WHERE l.fingerprint = p_fingerprint
                     AND l.user_id = p_user) THEN
      outcome := 'taken';
      last := (SELECT max(k.number) FROM account_log l
               JOIN account_link k USING (fingerprint)
               WHERE l.user_id = p_user AND l.replaced_at IS NULL);
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM account_link k
                    WHERE k.fingerprint = p_fingerprint
                      AND k.number = p_number - 1 AND k.hash = p_before) THEN
    outcome := 'gap';
    last := (SELECT max(k.number) FROM account_link k
             WHERE k.fingerprint = p_fingerprint);
    RETURN;
  END IF;
  INSERT INTO stored_link (fingerprint, branch, number, hash, link)
    SELECT p_fingerprint, coalesce(max(s.branch), 0), p_number, p_hash, p_link
    FROM stored_link s WHERE s.fingerprint = p_fingerprint
    HAVING NOT EXISTS (SELECT FROM account_link k
                       WHERE k.fingerprint = p_fingerprint
                         AND k.number = p_number);
  IF FOUND THEN
    outcome := 'ok';
    last := p_number;
    RETURN;
  END IF;
  outcome := CASE WHEN EXISTS (SELECT FROM account_link k
                               WHERE k.fingerprint = p_fingerprint
                                 AND k.number = p_number AND k.link = p_link)
             THEN 'duplicate' ELSE 'taken' END;
  last := (SELECT max(k.number) FROM account_link k
           WHERE k.fingerprint = p_fingerprint);
END $$;

-- A branch of an account's log that was verified to count before the log as it stood
-- (docs/adr/0047): its links from p_first on, where the log has p_before as the hash of
-- the link before, and p_last as that of its last one. The log that it takes the place of
-- stays, in an older branch. p_entries: by link, the entry that an `add` brings, else
-- NULL. p_standing: the numbers of the devices that stand in it. What these links do to
-- devices: one that both branches brought by the same entry has another number, and so has
-- one that only a branch of before had brought (number_devices()); those that do not stand
-- end, with the families of tokens in `ended`; one that stands and had ended by a link, which
-- only an older branch can have, is a device again, and has to log in.
-- `taken`: the log has another end now.
CREATE OR REPLACE FUNCTION take_account_branch(
  p_fingerprint bytea, p_before bytea, p_last bytea, p_first bigint,
  p_hashes bytea[], p_links bytea[], p_entries bytea[], p_standing bigint[],
  OUT outcome text, OUT last bigint, OUT ended uuid[])
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_closes bytea;
  v_parted uuid[];  -- the devices that links of the older branch brought
  v_numbers bigint[];
BEGIN
  ended := '{}';
  PERFORM lock_account_log(p_fingerprint);
  SELECT max(k.number) INTO last FROM account_link k
    WHERE k.fingerprint = p_fingerprint;
  IF NOT EXISTS (SELECT FROM account_link k
                 WHERE k.fingerprint = p_fingerprint AND k.number = last
                   AND k.hash = p_last)
     OR NOT EXISTS (SELECT FROM account_link k
                    WHERE k.fingerprint = p_fingerprint
                      AND k.number = p_first - 1 AND k.hash = p_before) THEN
    outcome := 'taken';
    RETURN;
  END IF;
  v_numbers := ARRAY(SELECT p_first + i - 1
                     FROM generate_subscripts(p_links, 1) AS i);
  WITH parted AS (
    UPDATE device d SET fingerprint = NULL, link_number = NULL,
                        lost_entry = account_link_entry(k.link)
    FROM account_link k
    WHERE d.fingerprint = p_fingerprint AND d.link_number >= p_first
      AND k.fingerprint = d.fingerprint AND k.number = d.link_number
    RETURNING d.device_id)
  SELECT coalesce(array_agg(device_id), '{}') INTO v_parted FROM parted;
  INSERT INTO stored_link (fingerprint, branch, number, hash, link)
    SELECT p_fingerprint, (SELECT max(s.branch) + 1 FROM stored_link s
                           WHERE s.fingerprint = p_fingerprint),
           p_first + l.place - 1, l.hash, l.link
    FROM unnest(p_hashes, p_links) WITH ORDINALITY AS l(hash, link, place);
  last := p_first + cardinality(p_links) - 1;
  outcome := 'ok';

  PERFORM number_devices(p_fingerprint, p_entries, v_numbers);
  ended := end_devices_by_link(ARRAY(
    SELECT d.device_id FROM device d
    WHERE d.fingerprint = p_fingerprint AND d.link_number <> ALL (p_standing)
       OR d.device_id = ANY (v_parted) AND d.fingerprint IS NULL));
  PERFORM devices_again(p_fingerprint, p_standing);

  SELECT l INTO v_closes FROM unnest(p_links) AS l WHERE account_link_closes(l);
  UPDATE account_log
    SET closed_at = CASE WHEN v_closes IS NOT NULL THEN now() END
    WHERE fingerprint = p_fingerprint
      AND (closed_at IS NULL) = (v_closes IS NOT NULL);
  IF v_closes IS NOT NULL THEN
    ended := ended || close_devices(p_fingerprint,
                                    account_link_signer(v_closes));
  END IF;
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
    'username', a.username, 'user_id', a.user_id,
    'audit_subject', audit_subject(a.user_id), 'created_at', a.created_at,
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
    'files', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'session_id', f.session_id, 'file_id', f.file_id, 'device_id', f.device_id,
        'size', f.size, 'stored', f.stored, 'created_at', f.created_at)
        ORDER BY f.created_at), '[]')
      FROM file f JOIN device d USING (device_id)
      WHERE d.user_id = a.user_id AND NOT f.gone),
    'invitations', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'session_id', i.session_id, 'invited_by', b.username,
        'created_at', i.created_at) ORDER BY i.created_at), '[]')
      FROM invitation i JOIN account b ON b.user_id = i.invited_by
      WHERE i.user_id = a.user_id),
    'audit', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'n', u.n, 'at_us', u.at_us, 'actor', u.actor, 'event', u.event,
        'detail', u.detail) ORDER BY u.n), '[]')
      FROM audit u WHERE u.subject IN (a.user_id, audit_subject(a.user_id))))
    INTO archive;
  RETURN archive::text;
END $$;

DROP FUNCTION account_links_behind;
DROP FUNCTION account_link_at;
DROP FUNCTION account_log_end;
DROP FUNCTION account_branches;
DROP INDEX invitation_letter_newest;
DROP INDEX invitation_newest;
DROP INDEX stored_link_entry;

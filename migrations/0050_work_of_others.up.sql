-- Work that grew with what others store. Which link of an account brings an entry was
-- looked for in all its links. Who read one link of a log, or its end, looked at each link
-- and, for each, at all those of later branches. A list of invitations was made of all that
-- there were.
SET LOCAL search_path = hermetic;

CREATE INDEX stored_link_entry
  ON stored_link (fingerprint, sha256(account_link_entry(link)))
  WHERE account_link_entry(link) IS NOT NULL;
CREATE INDEX invitation_newest ON invitation (user_id, created_at);
CREATE INDEX invitation_letter_newest ON invitation_letter (user_id, given_at);

-- The branches of an account's log up to p_newest, or all of them (docs/adr/0047): of each the
-- number of its first link, and `behind`, from which number on a later one has taken its
-- place; NULL: none has. It looks each branch up, however many links these have. A statement
-- that calls it in FROM is planned as if this text stood there.
CREATE OR REPLACE FUNCTION account_branches(p_fingerprint bytea,
                                            p_newest bigint DEFAULT NULL)
RETURNS TABLE (branch bigint, first bigint, behind bigint)
LANGUAGE sql STABLE AS $$
  SELECT c.branch, f.first,
         min(f.first) OVER (ORDER BY c.branch DESC
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  FROM generate_series(0, coalesce(p_newest, (
    SELECT max(k.branch) FROM hermetic.stored_link k
    WHERE k.fingerprint = p_fingerprint))) AS c(branch)
  CROSS JOIN LATERAL (
    SELECT min(k.number) AS first FROM hermetic.stored_link k
    WHERE k.fingerprint = p_fingerprint AND k.branch = c.branch) f
$$;

-- The link of that number in the log that counts. No row: it has none.
CREATE OR REPLACE FUNCTION account_link_at(p_fingerprint bytea, p_number bigint)
RETURNS TABLE (hash bytea, link bytea)
LANGUAGE sql STABLE AS $$
  SELECT k.hash, k.link FROM hermetic.account_branches(p_fingerprint) b
  CROSS JOIN LATERAL (
    SELECT o.hash, o.link FROM hermetic.stored_link o
    WHERE o.fingerprint = p_fingerprint AND o.branch = b.branch
      AND o.number = p_number OFFSET 0) k
  WHERE b.first <= p_number AND (b.behind IS NULL OR p_number < b.behind)
$$;

-- The links of the log that counts behind that of number p_after, the first p_most of them;
-- NULL: all.
CREATE OR REPLACE FUNCTION account_links_behind(p_fingerprint bytea, p_after bigint,
                                                p_most bigint)
RETURNS TABLE (number bigint, link bytea)
LANGUAGE sql STABLE AS $$
  SELECT k.number, k.link FROM hermetic.account_branches(p_fingerprint) b
  CROSS JOIN LATERAL (
    SELECT o.number, o.link FROM hermetic.stored_link o
    WHERE o.fingerprint = p_fingerprint AND o.branch = b.branch
      AND o.number > p_after AND (b.behind IS NULL OR o.number < b.behind)
    ORDER BY o.number LIMIT p_most) k
  WHERE b.behind IS NULL OR b.behind > greatest(b.first, p_after + 1)
  ORDER BY k.number LIMIT p_most
$$;

-- The last link of an account's log, which its newest branch has. No row: there is no such
-- log.
CREATE OR REPLACE FUNCTION account_log_end(p_fingerprint bytea)
RETURNS TABLE (number bigint, hash bytea)
LANGUAGE sql STABLE AS $$
  SELECT k.number, k.hash FROM hermetic.stored_link k
  WHERE k.fingerprint = p_fingerprint
  ORDER BY k.branch DESC, k.number DESC LIMIT 1
$$;

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
      last := (SELECT e.number FROM account_log l
               CROSS JOIN LATERAL account_log_end(l.fingerprint) e
               WHERE l.user_id = p_user AND l.replaced_at IS NULL);
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM account_link_at(p_fingerprint, p_number - 1) k
                    WHERE k.hash = p_before) THEN
    outcome := 'gap';
    last := (SELECT e.number FROM account_log_end(p_fingerprint) e);
    RETURN;
  END IF;
  INSERT INTO stored_link (fingerprint, branch, number, hash, link)
    SELECT p_fingerprint,
           coalesce((SELECT max(s.branch) FROM stored_link s
                     WHERE s.fingerprint = p_fingerprint), 0),
           p_number, p_hash, p_link
    WHERE NOT EXISTS (SELECT FROM account_link_at(p_fingerprint, p_number));
  IF FOUND THEN
    outcome := 'ok';
    last := p_number;
    RETURN;
  END IF;
  outcome := CASE WHEN EXISTS (SELECT FROM account_link_at(p_fingerprint, p_number) k
                               WHERE k.link = p_link)
             THEN 'duplicate' ELSE 'taken' END;
  last := (SELECT e.number FROM account_log_end(p_fingerprint) e);
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
  v_end bytea;
  v_closes bytea;
  v_parted uuid[];  -- the devices that links of the older branch brought
  v_numbers bigint[];
BEGIN
  ended := '{}';
  PERFORM lock_account_log(p_fingerprint);
  SELECT e.number, e.hash INTO last, v_end FROM account_log_end(p_fingerprint) e;
  IF v_end IS DISTINCT FROM p_last
     OR NOT EXISTS (SELECT FROM account_link_at(p_fingerprint, p_first - 1) k
                    WHERE k.hash = p_before) THEN
    outcome := 'taken';
    RETURN;
  END IF;
  v_numbers := ARRAY(SELECT p_first + i - 1
                     FROM generate_subscripts(p_links, 1) AS i);
  WITH parted AS (
    UPDATE device d SET fingerprint = NULL, link_number = NULL, lost_entry = (
      SELECT account_link_entry(k.link)
      FROM account_link_at(p_fingerprint, d.link_number) k)
    WHERE d.fingerprint = p_fingerprint AND d.link_number >= p_first
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
                  FROM account_links_behind(l.fingerprint, 0, NULL) k)
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

REVOKE ALL ON FUNCTION account_branches, account_link_at, account_links_behind,
  account_log_end FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_branches, account_link_at, account_links_behind,
  account_log_end TO hermetic_api;

-- How an entry begins, what it writes and how names are looked at stand once, for commits,
-- departures and moves; and so does what is kept of a GroupInfo, for who checks by it
-- and for who asks for it.
SET LOCAL search_path = hermetic;

-- Where an entry begins that changes a group or says that one departs: the session's row
-- is locked up to the end of the transaction, so nobody else writes to the log meanwhile.
--
-- `outcome` is NULL where the entry may come: then seq, head and epoch are those of the log
-- as it stands. Otherwise the caller answers with it. The same bytes again give the first
-- answer: of a `duplicate`, posted first by one of p_posters, seq, head and epoch are those
-- of the entry that stands. p_epoch is the epoch in which the entry was checked. p_joins is
-- the user who comes in from outside; NULL: p_device has to be a member.
CREATE OR REPLACE FUNCTION begin_entry(
  p_session uuid, p_device uuid, p_joins uuid, p_epoch bigint, p_nonce bytea,
  p_entry bytea, p_posters uuid[],
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql AS $$
DECLARE
  s hermetic.session%ROWTYPE;
BEGIN
  SELECT * INTO s FROM hermetic.session WHERE session_id = p_session FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'no-session';
    RETURN;
  END IF;
  SELECT m.seq, m.head, m.epoch
    INTO begin_entry.seq, begin_entry.head, begin_entry.epoch
    FROM hermetic.message m
    WHERE m.session_id = p_session AND m.nonce = p_nonce
      AND m.envelope = p_entry AND m.sender = ANY (p_posters);
  IF FOUND THEN
    outcome := 'duplicate';
    RETURN;
  END IF;
  seq := s.last_seq;
  head := s.head;
  epoch := s.epoch;
  IF s.ended_at IS NOT NULL THEN
    outcome := 'session-ended';
  ELSIF p_joins IS NOT NULL AND NOT hermetic.may_join(p_session, p_joins) THEN
    outcome := 'not-invited';
  ELSIF p_joins IS NULL
        AND NOT EXISTS (SELECT FROM hermetic.active_member m
                        WHERE m.session_id = p_session
                          AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
  ELSIF p_epoch <> s.epoch THEN
    outcome := 'epoch-changed';
  END IF;
END $$;

-- The next entry of a log whose session's row the caller has locked: behind the one that has
-- `seq` and `head`, which are its own afterwards. The caller notes them in the session.
CREATE OR REPLACE FUNCTION put_entry(
  p_session uuid, p_kind smallint, p_epoch bigint, p_device uuid, p_nonce bytea,
  p_entry bytea, INOUT seq bigint, INOUT head bytea)
LANGUAGE plpgsql AS $$
DECLARE
  hash bytea := sha256(p_entry);
BEGIN
  seq := seq + 1;
  head := hermetic.chain2_step(NULL, head, seq, p_kind, hash);
  INSERT INTO hermetic.message (session_id, seq, kind, epoch, sender, nonce,
                                envelope, head, sent_at, hash)
    VALUES (p_session, put_entry.seq, p_kind, p_epoch, p_device, p_nonce,
            p_entry, put_entry.head, now(), hash);
END $$;

-- A whole GroupInfo takes the place of the one that is kept, and of the commits since
-- (docs/adr/0044): that of p_epoch, behind the entry of p_seq and p_head.
CREATE OR REPLACE FUNCTION put_group_info(
  p_session uuid, p_epoch bigint, p_seq bigint, p_head bytea, p_group_info bytea)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE hermetic.group_info
    SET epoch = p_epoch, group_info = p_group_info, seq = p_seq, head = p_head,
        part = NULL, since = '{}', since_bytes = 0, last_head = NULL
    WHERE session_id = p_session;
END $$;

-- Whether each credential names the account that its device belongs to, and the device has
-- not ended.
CREATE OR REPLACE FUNCTION devices_have_names(p_devices uuid[], p_names text[])
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN cardinality(p_devices) = 0 OR cardinality(p_devices) = (
    SELECT count(*)
    FROM unnest(p_devices, p_names) AS i(device, name)
    JOIN hermetic.device d ON d.device_id = i.device AND d.removed_at IS NULL
    JOIN hermetic.account a ON a.user_id = d.user_id AND a.username = i.name);
END $$;

-- The GroupInfo that is kept of a session, and the commits that lead from it to the one of
-- now (docs/adr/0044), whose epoch, seq and head these are. p_known is the head where a node
-- knows the group itself (NULL: nowhere). Where it is on the way (`known`), `commits` are
-- those behind it only: uint32 length and bytes each. No row: no such session. A statement
-- that calls it in FROM is planned as if this text stood there, so what it does not ask for is
-- not read.
CREATE OR REPLACE FUNCTION group_info_now(p_session uuid, p_known bytea)
RETURNS TABLE (epoch bigint, seq bigint, head bytea, known boolean, commits bytea,
               whole bytea, part bytea, since_count bigint, since_bytes bigint)
LANGUAGE sql STABLE AS $$
  SELECT i.epoch + cardinality(i.since), n.seq, n.head, k.seq IS NOT NULL, c.commits,
         i.group_info, i.part, cardinality(i.since)::bigint, i.since_bytes
  FROM hermetic.group_info i
  CROSS JOIN LATERAL (
    SELECT coalesce(i.since[cardinality(i.since)], i.seq) AS seq,
           coalesce(i.last_head, i.head) AS head
  ) n
  CROSS JOIN LATERAL (
    SELECT CASE WHEN n.head = p_known THEN n.seq
                WHEN i.head = p_known THEN i.seq
                ELSE (SELECT m.seq FROM hermetic.message m
                      WHERE m.session_id = p_session AND m.seq = ANY (i.since)
                        AND m.head = p_known)
           END AS seq
  ) k
  CROSS JOIN LATERAL (
    SELECT string_agg(int4send(length(m.envelope)) || m.envelope, ''::bytea
                      ORDER BY m.seq) AS commits
    FROM hermetic.message m
    WHERE m.session_id = p_session AND m.seq = ANY (i.since)
      AND m.seq > coalesce(k.seq, 0)
  ) c
  WHERE i.session_id = p_session
$$;

-- A commit: one an epoch, first come first served. p_sender_leaf is NULL for an
-- external commit. p_nonce is the start of its SHA-256, by which begin_entry() knows the
-- same bytes again. p_departures is how many members had departed when the commit was
-- checked; NULL: a node from before does not say.
--
-- Either p_group_info is the whole GroupInfo that the commit leads to, or p_part is the
-- part of it that nobody but its signer can make (docs/adr/0044): then the whole one that
-- is kept stays, and the commits since are what leads on from it.
--
-- A member whom it removes ends by the new epoch: no writer believes an end of the
-- log that is of another epoch (docs/adr/0018), so the keys need not be due.
CREATE OR REPLACE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  p_departures bigint DEFAULT NULL, p_part bytea DEFAULT NULL,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  came uuid[];
BEGIN
  SELECT b.outcome, b.seq, b.head, b.epoch INTO outcome, seq, head, epoch
    FROM begin_entry(p_session, p_device,
                     CASE WHEN p_sender_leaf IS NULL THEN p_user END, p_epoch,
                     p_nonce, p_commit, ARRAY[p_device]) b;
  IF outcome IS NOT NULL THEN
    IF outcome = 'duplicate' THEN
      epoch := epoch + 1;
    END IF;
    RETURN;
  END IF;
  -- what it was checked against has changed
  IF p_departures <> (SELECT count(*) FROM departed_member d
                      WHERE d.session_id = p_session) THEN
    outcome := 'epoch-changed';
    RETURN;
  END IF;
  outcome := 'commit-invalid';
  IF p_sender_leaf IS NOT NULL
     AND NOT EXISTS (SELECT FROM session_member m
                     WHERE m.session_id = p_session
                       AND m.device_id = p_device
                       AND m.leaf_index = p_sender_leaf) THEN
    RETURN;
  END IF;
  -- an external commit may remove nobody but an earlier self (12.4.3.2)
  IF (SELECT count(*) FROM session_member m
      WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed)
        AND (p_sender_leaf IS NOT NULL OR m.device_id = p_device))
     <> cardinality(p_removed) THEN
    RETURN;
  END IF;
  IF NOT devices_have_names(p_added, p_added_names) THEN
    RETURN;
  END IF;

  DELETE FROM invitation i
    WHERE i.session_id = p_session AND p_sender_leaf IS NOT NULL
      AND i.user_id <> p_user
      AND i.user_id IN (SELECT d.user_id FROM session_member m
                        JOIN device d USING (device_id)
                        WHERE m.session_id = p_session
                          AND m.leaf_index = ANY (p_removed)
                          AND m.departed_at IS NULL);
  INSERT INTO member_end AS e (session_id, device_id, seq)
    SELECT p_session, m.device_id, append_commit.seq + 1 FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed)
      AND m.departed_at IS NULL
    ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
  DELETE FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed);
  IF EXISTS (SELECT FROM session_member m
             WHERE m.session_id = p_session
               AND (m.device_id = ANY (p_added)
                    OR p_sender_leaf IS NULL AND m.device_id = p_device)) THEN
    RAISE EXCEPTION 'a device is in the session already'
      USING ERRCODE = 'unique_violation';
  END IF;
  came := p_added;
  IF p_sender_leaf IS NULL THEN
    came := came || p_device;
  END IF;
  INSERT INTO session_member (session_id, device_id, leaf_index)
    SELECT p_session, i.device, l.leaf
    FROM unnest(came) WITH ORDINALITY AS i(device, n)
    JOIN free_leaves(p_session, cardinality(came)) AS l USING (n);

  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 2::smallint, p_epoch, p_device, p_nonce, p_commit,
                   seq, head) e;
  UPDATE session SET epoch = p_epoch + 1, last_seq = append_commit.seq,
                     head = append_commit.head,
                     epoch_at = CASE WHEN p_path THEN now() ELSE epoch_at END,
                     epoch_seq = CASE WHEN p_path THEN append_commit.seq
                                      ELSE epoch_seq END
    WHERE session_id = p_session;
  IF p_part IS NULL THEN
    PERFORM put_group_info(p_session, p_epoch + 1, seq, head, p_group_info);
  ELSE
    UPDATE group_info g SET part = p_part, since = since || append_commit.seq,
                            since_bytes = since_bytes + length(p_commit),
                            last_head = append_commit.head
      WHERE g.session_id = p_session;
  END IF;
  IF p_path AND NOT EXISTS (SELECT FROM departed_member m
                            WHERE m.session_id = p_session) THEN
    DELETE FROM rotation r
      WHERE r.session_id = p_session AND r.reason <> 'algorithm';
  END IF;
  IF p_welcome IS NOT NULL THEN
    INSERT INTO welcome (session_id, device_id, seq, head, welcome)
      SELECT p_session, d, append_commit.seq, append_commit.head, p_welcome
      FROM unnest(p_added) d;
  END IF;
  epoch := p_epoch + 1;
  outcome := 'ok';
END $$;

-- A departure that was checked in p_epoch: of p_leaf, signed by p_signer's leaf,
-- posted by p_device, which is one of the two. p_nonce is the start of its
-- SHA-256: the same bytes again give the first answer (begin_entry()), to every device of
-- the account that posted them first.
CREATE OR REPLACE FUNCTION append_departure(
  p_session uuid, p_device uuid, p_epoch bigint, p_leaf bigint,
  p_signer bigint, p_nonce bytea, p_departure bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
BEGIN
  SELECT b.outcome, b.seq, b.head INTO outcome, seq, head
    FROM begin_entry(p_session, p_device, NULL, p_epoch, p_nonce, p_departure,
                     ARRAY(SELECT d.device_id FROM device d
                           JOIN device own USING (user_id)
                           WHERE own.device_id = p_device)) b;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  outcome := 'departure-invalid';
  -- one that another device has posted counts once, where it stands
  IF EXISTS (SELECT FROM message m
             WHERE m.session_id = p_session AND m.nonce = p_nonce) THEN
    RETURN;
  END IF;
  SELECT * INTO gone FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = p_leaf;
  IF NOT FOUND OR gone.departed_seq IS NOT NULL THEN
    RETURN;
  END IF;
  IF gone.device_id <> p_device
     AND NOT EXISTS (SELECT FROM active_member m
                     WHERE m.session_id = p_session
                       AND m.device_id = p_device
                       AND m.leaf_index = p_signer) THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM departed_member m
             WHERE m.session_id = p_session AND m.leaf_index = p_signer) THEN
    RETURN;
  END IF;

  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 4::smallint, p_epoch, p_device, p_nonce, p_departure,
                   seq, head) e;
  UPDATE session SET last_seq = append_departure.seq,
                     head = append_departure.head
    WHERE session_id = p_session;
  PERFORM depart(p_session, gone.device_id, seq);
  outcome := 'ok';
END $$;

-- A session moves to another algorithm (RFC 9420, 11.2): the ReInit that ends its group
-- and the Welcome to the next one, as two entries of the log, one after the other. The
-- members stay; p_devices, p_names and p_leaves are those of the new group's tree.
CREATE OR REPLACE FUNCTION move_session(
  p_session uuid, p_device uuid, p_epoch bigint, p_sender_leaf integer,
  p_algorithm text, p_new_epoch bigint, p_devices uuid[], p_names text[],
  p_leaves integer[], p_nonces bytea[], p_commit bytea, p_welcome bytea,
  p_group_info bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  -- the Welcome stands where the ReInit does
  SELECT b.outcome, b.seq, b.head, b.epoch INTO outcome, seq, head, epoch
    FROM begin_entry(p_session, p_device, NULL, p_epoch, p_nonces[2], p_welcome,
                     ARRAY[p_device]) b;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  outcome := 'commit-invalid';
  -- the same devices as before, each under its own name, none departed
  IF NOT EXISTS (SELECT FROM session_member m
                 WHERE m.session_id = p_session AND m.device_id = p_device
                   AND m.leaf_index = p_sender_leaf)
     OR (SELECT count(*) FROM session_member m
         WHERE m.session_id = p_session) <> cardinality(p_devices)
     OR (SELECT count(DISTINCT i.device)
         FROM unnest(p_devices) AS i(device)
         JOIN active_member m
           ON m.session_id = p_session AND m.device_id = i.device)
        <> cardinality(p_devices)
     OR NOT devices_have_names(p_devices, p_names) THEN
    RETURN;
  END IF;

  UPDATE session_member m SET leaf_index = i.leaf
    FROM unnest(p_devices, p_leaves) AS i(device, leaf)
    WHERE m.session_id = p_session AND m.device_id = i.device;
  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 2::smallint, p_epoch, p_device, p_nonces[1], p_commit,
                   seq, head) e;
  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 3::smallint, p_new_epoch, p_device, p_nonces[2],
                   p_welcome, seq, head) e;
  UPDATE session SET algorithm = p_algorithm, epoch = p_new_epoch,
                     last_seq = move_session.seq, head = move_session.head,
                     epoch_at = now(), epoch_seq = move_session.seq
    WHERE session_id = p_session;
  PERFORM put_group_info(p_session, p_new_epoch, seq, head, p_group_info);
  INSERT INTO first_group_info (session_id, generation, epoch, seq, head,
                                group_info)
    VALUES (p_session, (p_new_epoch >> 32)::integer, p_new_epoch,
            move_session.seq, move_session.head, p_group_info);
  DELETE FROM rotation r WHERE r.session_id = p_session;
  -- those of the old group lead nowhere
  DELETE FROM welcome w WHERE w.session_id = p_session;
  epoch := p_new_epoch;
  outcome := 'ok';
END $$;

REVOKE ALL ON FUNCTION begin_entry, put_entry, put_group_info, devices_have_names,
  group_info_now FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_entry, put_entry, put_group_info, devices_have_names,
  group_info_now TO hermetic_api;

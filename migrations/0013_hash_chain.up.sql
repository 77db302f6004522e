-- The second chain: an entry's head is over the hash of its bytes, which stands
-- beside them, so that the bytes of a message can go while the log stays provable
-- (docs/adr/0022). Rows from before have no hash: their heads are over their
-- bytes. And the GroupInfo from which a log can be followed without its keys is
-- kept: the first one of each generation.
--
-- No row of the log is written anew. Nodes from before go on: they write the first
-- chain, by the aggregate `chain`, and commits by the functions below.

SET LOCAL search_path = hermetic;

-- Last: after a text that is nearly always empty it wastes no padding.
ALTER TABLE message ADD COLUMN hash bytea;

CREATE FUNCTION chain_start(session uuid)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256('hermetic chain 1'::bytea || uuid_send(session))
$$;

-- The head after an entry whose bytes have that hash (docs/protocol.md,
-- "Transcript"). `state`: the head before it; NULL: that is `start`.
CREATE FUNCTION chain2_step(state bytea, start bytea, seq bigint,
                            kind smallint, hash bytea)
RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256('hermetic chain 2'::bytea || coalesce(state, start)
                || int8send(seq) || substring(int2send(kind) FROM 2) || hash);
END $$;

-- Over a window ordered by seq it gives every head of a batch.
CREATE AGGREGATE chain2(start bytea, seq bigint, kind smallint, hash bytea) (
  SFUNC = chain2_step,
  STYPE = bytea
);

-- The place in the log where a GroupInfo became the session's.
ALTER TABLE group_info ADD COLUMN seq bigint NOT NULL DEFAULT 0,
  ADD COLUMN head bytea NOT NULL DEFAULT '';
UPDATE group_info g
  SET seq = coalesce(made.seq, f.seq - 1, 0),
      head = coalesce(made.head, f.head, chain_start(g.session_id))
  FROM group_info i
  LEFT JOIN history_floor f USING (session_id)
  LEFT JOIN LATERAL (
    SELECT seq, head FROM message
    WHERE session_id = i.session_id AND kind IN (2, 3)
    ORDER BY seq DESC LIMIT 1) made ON true
  WHERE i.session_id = g.session_id;
ALTER TABLE group_info ALTER COLUMN seq DROP DEFAULT,
  ALTER COLUMN head DROP DEFAULT;

-- Of a generation that began before this migration: the first one that is known.
CREATE TABLE first_group_info (
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  generation integer NOT NULL,
  epoch      bigint NOT NULL,
  seq        bigint NOT NULL,
  head       bytea NOT NULL,
  group_info bytea NOT NULL,
  PRIMARY KEY (session_id, generation)
);
INSERT INTO first_group_info (session_id, generation, epoch, seq, head,
                              group_info)
  SELECT session_id, (epoch >> 32)::integer, epoch, seq, head, group_info
  FROM group_info;

-- Members that are going, for whose removal everybody waits.
CREATE VIEW departed_member AS
  SELECT session_id, device_id, leaf_index
  FROM session_member WHERE departed_at IS NOT NULL;

-- As before, but for the chain, the hash and the GroupInfos.
CREATE OR REPLACE FUNCTION create_session(
  p_session uuid, p_user uuid, p_device uuid, p_algorithm text,
  p_join_policy text, p_group_info bytea, p_invite text[],
  OUT outcome text, OUT head bytea, OUT created_at timestamptz,
  OUT unknown_username text)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  head := chain_start(p_session);
  created_at := now();
  SELECT u INTO unknown_username FROM unnest(p_invite) u
    WHERE NOT EXISTS (SELECT FROM account a WHERE a.username = u) LIMIT 1;
  IF unknown_username IS NOT NULL THEN
    outcome := 'no-such-user';
    RETURN;
  END IF;
  INSERT INTO session (session_id, algorithm, creator, join_policy, epoch,
                       last_seq, head, created_at)
    VALUES (p_session, p_algorithm, p_user, p_join_policy, 0, 0,
            create_session.head, create_session.created_at)
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    outcome := 'session-exists';
    RETURN;
  END IF;
  INSERT INTO group_info (session_id, epoch, group_info, seq, head)
    VALUES (p_session, 0, p_group_info, 0, create_session.head);
  INSERT INTO first_group_info (session_id, generation, epoch, seq, head,
                                group_info)
    VALUES (p_session, 0, 0, 0, create_session.head, p_group_info);
  INSERT INTO session_member (session_id, device_id, leaf_index)
    VALUES (p_session, p_device, 0);
  INSERT INTO invitation (session_id, user_id, invited_by)
    SELECT p_session, a.user_id, p_user FROM account a
    WHERE a.username = ANY (p_invite)
    ON CONFLICT DO NOTHING;
  outcome := 'ok';
END $$;

CREATE OR REPLACE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
  added uuid;
  hash bytea;
BEGIN
  SELECT * INTO s FROM session WHERE session_id = p_session FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'no-session';
    RETURN;
  END IF;

  SELECT m.seq, m.head, m.epoch + 1 INTO append_commit.seq, append_commit.head,
         append_commit.epoch
    FROM message m
    WHERE m.session_id = p_session AND m.nonce = p_nonce
      AND m.envelope = p_commit AND m.sender = p_device;
  IF FOUND THEN
    outcome := 'duplicate';
    RETURN;
  END IF;
  epoch := s.epoch;

  IF s.ended_at IS NOT NULL THEN
    outcome := 'session-ended';
    RETURN;
  END IF;
  IF p_sender_leaf IS NULL THEN
    IF NOT may_join(p_session, p_user) THEN
      outcome := 'not-invited';
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM active_member m
                    WHERE m.session_id = p_session
                      AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  END IF;
  IF p_epoch <> s.epoch THEN
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
  -- a credential must name the account that its device belongs to
  IF (SELECT count(*) FROM unnest(p_added, p_added_names) AS i(device, name)
      JOIN device d ON d.device_id = i.device AND d.removed_at IS NULL
      JOIN account a ON a.user_id = d.user_id AND a.username = i.name)
     <> cardinality(p_added) THEN
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
  DELETE FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed);
  IF EXISTS (SELECT FROM session_member m
             WHERE m.session_id = p_session
               AND (m.device_id = ANY (p_added)
                    OR p_sender_leaf IS NULL AND m.device_id = p_device)) THEN
    RAISE EXCEPTION 'a device is in the session already'
      USING ERRCODE = 'unique_violation';
  END IF;
  FOREACH added IN ARRAY p_added LOOP
    INSERT INTO session_member (session_id, device_id, leaf_index)
      VALUES (p_session, added, free_leaf(p_session));
  END LOOP;
  IF p_sender_leaf IS NULL THEN
    INSERT INTO session_member (session_id, device_id, leaf_index)
      VALUES (p_session, p_device, free_leaf(p_session));
  END IF;

  seq := s.last_seq + 1;
  hash := sha256(p_commit);
  head := chain2_step(NULL, s.head, seq, 2::smallint, hash);
  INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                       head, sent_at, hash)
    VALUES (p_session, append_commit.seq, 2, p_epoch, p_device, p_nonce,
            p_commit, append_commit.head, now(), hash);
  UPDATE session SET epoch = p_epoch + 1, last_seq = append_commit.seq,
                     head = append_commit.head,
                     epoch_at = CASE WHEN p_path THEN now() ELSE epoch_at END,
                     epoch_seq = CASE WHEN p_path THEN append_commit.seq
                                      ELSE epoch_seq END
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_epoch + 1, group_info = p_group_info,
                          seq = append_commit.seq, head = append_commit.head
    WHERE g.session_id = p_session;
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

CREATE OR REPLACE FUNCTION move_session(
  p_session uuid, p_device uuid, p_epoch bigint, p_sender_leaf integer,
  p_algorithm text, p_new_epoch bigint, p_devices uuid[], p_names text[],
  p_leaves integer[], p_nonces bytea[], p_commit bytea, p_welcome bytea,
  p_group_info bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
  bytes bytea;
BEGIN
  SELECT * INTO s FROM session WHERE session_id = p_session FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'no-session';
    RETURN;
  END IF;
  SELECT m.seq, m.head INTO move_session.seq, move_session.head
    FROM message m
    WHERE m.session_id = p_session AND m.nonce = p_nonces[2]
      AND m.envelope = p_welcome AND m.sender = p_device;
  IF FOUND THEN
    outcome := 'duplicate';
    epoch := p_new_epoch;
    RETURN;
  END IF;
  epoch := s.epoch;
  IF s.ended_at IS NOT NULL THEN
    outcome := 'session-ended';
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM active_member m
                 WHERE m.session_id = p_session AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  END IF;
  IF p_epoch <> s.epoch THEN
    outcome := 'epoch-changed';
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
         FROM unnest(p_devices, p_names) AS i(device, name)
         JOIN active_member m
           ON m.session_id = p_session AND m.device_id = i.device
         JOIN device d ON d.device_id = i.device AND d.removed_at IS NULL
         JOIN account a ON a.user_id = d.user_id AND a.username = i.name)
        <> cardinality(p_devices) THEN
    RETURN;
  END IF;

  UPDATE session_member m SET leaf_index = i.leaf
    FROM unnest(p_devices, p_leaves) AS i(device, leaf)
    WHERE m.session_id = p_session AND m.device_id = i.device;
  head := s.head;
  FOR i IN 1 .. 2 LOOP
    bytes := CASE i WHEN 1 THEN p_commit ELSE p_welcome END;
    seq := s.last_seq + i;
    head := chain2_step(NULL, head, seq, (1 + i)::smallint, sha256(bytes));
    INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                         head, sent_at, hash)
      VALUES (p_session, move_session.seq, 1 + i,
              CASE i WHEN 1 THEN p_epoch ELSE p_new_epoch END, p_device,
              p_nonces[i], bytes, move_session.head, now(), sha256(bytes));
  END LOOP;
  UPDATE session SET algorithm = p_algorithm, epoch = p_new_epoch,
                     last_seq = move_session.seq, head = move_session.head,
                     epoch_at = now(), epoch_seq = move_session.seq
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_new_epoch, group_info = p_group_info,
                          seq = move_session.seq, head = move_session.head
    WHERE g.session_id = p_session;
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

DROP FUNCTION chain_next;

GRANT UPDATE (seq, head) ON group_info TO hermetic_api;
GRANT SELECT, INSERT ON first_group_info TO hermetic_api;
GRANT SELECT ON departed_member TO hermetic_api;
REVOKE ALL ON FUNCTION chain_start, chain2_step, chain2 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chain_start, chain2_step, chain2
  TO hermetic_api, hermetic_mqtt_bridge;

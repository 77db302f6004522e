-- What happens to a session after its first message: its keys are due for
-- rotation, devices leave it or are revoked, it ends, and its history goes.

SET LOCAL search_path = hermetic;

-- When the present keys came, and where the log was then. Neither changes with
-- a message, so the index costs only commits.
ALTER TABLE session
  ADD COLUMN epoch_at  timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN epoch_seq bigint NOT NULL DEFAULT 0,
  ADD COLUMN ended_at  timestamptz;
CREATE INDEX session_epoch_at ON session (epoch_at) WHERE ended_at IS NULL;
CREATE INDEX session_ended_at ON session (ended_at) WHERE ended_at IS NOT NULL;

-- Sessions whose keys are due. Apart from `session`, so that the worker never
-- holds a row that a sender waits for.
CREATE TABLE rotation (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  reason     text NOT NULL
             CHECK (reason IN ('age', 'messages', 'departure', 'algorithm')),
  due_at     timestamptz NOT NULL DEFAULT now(),
  hard_at    timestamptz NOT NULL,  -- from then on messages are refused
  asked      uuid[] NOT NULL DEFAULT '{}', -- devices, the last one at the end
  asked_at   timestamptz
);
CREATE INDEX rotation_asked_at ON rotation (asked_at NULLS FIRST);

-- Which devices are connected somewhere just now. Nobody misses it after a
-- crash: the nodes write it again within half a minute.
CREATE UNLOGGED TABLE presence (
  device_id uuid PRIMARY KEY REFERENCES device ON DELETE CASCADE,
  seen_at   timestamptz NOT NULL
) WITH (fillfactor = 50);

-- A member that is going: it is served nothing more, and the next commit takes
-- its leaf away.
ALTER TABLE session_member ADD COLUMN departed_at timestamptz;
CREATE INDEX session_member_departed ON session_member (session_id)
  WHERE departed_at IS NOT NULL;

-- Why, for the members who see another remove it. `proof` is the device's own
-- signature, of one that left by itself.
CREATE TABLE departure (
  session_id  uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  device_id   uuid NOT NULL REFERENCES device,
  leaf_index  integer NOT NULL,
  reason      text NOT NULL CHECK (reason IN ('left', 'revoked')),
  proof       bytea,
  departed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, device_id)
);
CREATE INDEX departure_of_device ON departure (device_id);

CREATE VIEW active_member AS
  SELECT session_id, device_id, leaf_index
  FROM session_member WHERE departed_at IS NULL;

-- Where a log begins whose older part has gone: `head` is the chain's at
-- seq - 1.
CREATE TABLE history_floor (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  seq        bigint NOT NULL,
  head       bytea NOT NULL
);
CREATE INDEX message_of_old ON message USING brin (sent_at);

CREATE INDEX token_family_revoked ON token_family (revoked_at)
  WHERE revoked_at IS NOT NULL;
CREATE INDEX refresh_token_expiry ON refresh_token (expires_at);
CREATE INDEX key_package_expiry ON key_package (expires_at);
CREATE INDEX welcome_age ON welcome (created_at);

-- Which key-encryption key a signing key is wrapped under: the start of its
-- SHA-256. NULL: the first one there was. And from when on it signs: before,
-- it is published, so that every node knows it by then.
ALTER TABLE signing_key ADD COLUMN kek_id bytea,
  ADD COLUMN signs_at timestamptz NOT NULL DEFAULT now();

-- What the worker has done, all instances together.
CREATE TABLE worker_action (
  action     text PRIMARY KEY,
  runs       bigint NOT NULL DEFAULT 0,
  total      bigint NOT NULL DEFAULT 0,
  last_count bigint NOT NULL DEFAULT 0,
  last_at    timestamptz NOT NULL DEFAULT now()
);

-- The keys of a session are due. Who is due already stays so, unless now it is
-- for a reason that hurries more.
CREATE FUNCTION make_due(p_session uuid, p_reason text, p_grace interval)
RETURNS void LANGUAGE sql SET search_path = hermetic AS $$
  INSERT INTO rotation AS r (session_id, reason, hard_at)
    VALUES (p_session, p_reason, now() + p_grace)
    ON CONFLICT (session_id) DO UPDATE
      SET reason = excluded.reason, hard_at = excluded.hard_at,
          asked_at = NULL
      WHERE excluded.hard_at < r.hard_at
$$;

-- A device is out of one session (p_session), or of all of them (NULL): from
-- now on it is served nothing, and the keys are due at once.
CREATE FUNCTION depart(p_session uuid, p_device uuid, p_reason text,
                       p_proof bytea)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
  count integer := 0;
BEGIN
  FOR gone IN
    UPDATE session_member SET departed_at = now()
    WHERE device_id = p_device AND departed_at IS NULL
      AND (p_session IS NULL OR session_id = p_session)
    RETURNING *
  LOOP
    INSERT INTO departure (session_id, device_id, leaf_index, reason, proof)
      VALUES (gone.session_id, p_device, gone.leaf_index, p_reason, p_proof)
      ON CONFLICT (session_id, device_id) DO UPDATE
        SET leaf_index = excluded.leaf_index, reason = excluded.reason,
            proof = excluded.proof, departed_at = excluded.departed_at;
    PERFORM make_due(gone.session_id, 'departure', interval '0');
    count := count + 1;
  END LOOP;
  RETURN count;
END $$;

CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT EXISTS (SELECT FROM session
                 WHERE session_id = p_session AND join_policy = 'open')
      OR EXISTS (SELECT FROM invitation
                 WHERE session_id = p_session AND user_id = p_user)
      OR EXISTS (SELECT FROM active_member m JOIN device USING (device_id)
                 WHERE m.session_id = p_session AND user_id = p_user)
$$;

-- As in 0003; new: p_path (the committer's own keys are new with it), ended
-- sessions, departed members, and what a commit means for the rotation. Whom
-- another member removes is not invited any more: else he would be back at
-- once.
DROP FUNCTION append_commit;
CREATE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
  added uuid;
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
  head := chain_next(s.head, seq, 2::smallint, p_commit);
  INSERT INTO message VALUES (p_session, append_commit.seq, 2, p_epoch,
                              p_device, p_nonce, p_commit, append_commit.head,
                              now());
  UPDATE session SET epoch = p_epoch + 1, last_seq = append_commit.seq,
                     head = append_commit.head,
                     epoch_at = CASE WHEN p_path THEN now() ELSE epoch_at END,
                     epoch_seq = CASE WHEN p_path THEN append_commit.seq
                                      ELSE epoch_seq END
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_epoch + 1, group_info = p_group_info
    WHERE g.session_id = p_session;
  IF p_path AND NOT EXISTS (SELECT FROM session_member m
                            WHERE m.session_id = p_session
                              AND m.departed_at IS NOT NULL) THEN
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

-- A session moves to another algorithm (RFC 9420, 11.2): the ReInit that ends
-- its group and the Welcome to the next one, as two entries of the log, one
-- after the other. The members stay; p_devices, p_names and p_leaves are those
-- of the new group's tree.
ALTER TABLE message DROP CONSTRAINT message_kind_check,
  ADD CONSTRAINT message_kind_check CHECK (kind IN (1, 2, 3));

CREATE FUNCTION move_session(
  p_session uuid, p_device uuid, p_epoch bigint, p_sender_leaf integer,
  p_algorithm text, p_new_epoch bigint, p_devices uuid[], p_names text[],
  p_leaves integer[], p_nonces bytea[], p_commit bytea, p_welcome bytea,
  p_group_info bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
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
  head := chain_next(s.head, s.last_seq + 1, 2::smallint, p_commit);
  INSERT INTO message VALUES (p_session, s.last_seq + 1, 2, p_epoch, p_device,
                              p_nonces[1], p_commit, move_session.head, now());
  seq := s.last_seq + 2;
  head := chain_next(head, seq, 3::smallint, p_welcome);
  INSERT INTO message VALUES (p_session, move_session.seq, 3, p_new_epoch,
                              p_device, p_nonces[2], p_welcome,
                              move_session.head, now());
  UPDATE session SET algorithm = p_algorithm, epoch = p_new_epoch,
                     last_seq = move_session.seq, head = move_session.head,
                     epoch_at = now(), epoch_seq = move_session.seq
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_new_epoch, group_info = p_group_info
    WHERE g.session_id = p_session;
  DELETE FROM rotation r WHERE r.session_id = p_session;
  -- those of the old group lead nowhere
  DELETE FROM welcome w WHERE w.session_id = p_session;
  epoch := p_new_epoch;
  outcome := 'ok';
END $$;

GRANT SELECT, INSERT, DELETE ON rotation TO hermetic_api;
GRANT UPDATE (reason, hard_at, asked_at) ON rotation TO hermetic_api;
GRANT SELECT, INSERT, DELETE ON presence TO hermetic_api;
GRANT UPDATE (seen_at) ON presence TO hermetic_api;
GRANT UPDATE (departed_at, leaf_index) ON session_member TO hermetic_api;
GRANT SELECT, INSERT ON departure TO hermetic_api;
GRANT UPDATE (leaf_index, reason, proof, departed_at) ON departure
  TO hermetic_api;
GRANT SELECT ON active_member, history_floor TO hermetic_api;
GRANT UPDATE (epoch_at, epoch_seq, algorithm) ON session TO hermetic_api;

-- What the rotation worker may do: read no message, no password, no token.
GRANT USAGE ON SCHEMA hermetic TO hermetic_rotation;
GRANT SELECT ON session, rotation, presence, active_member, session_member,
  departure, history_floor, signing_key, worker_action, device
  TO hermetic_rotation;
GRANT SELECT (session_id, seq, head, sent_at) ON message TO hermetic_rotation;
GRANT DELETE ON message TO hermetic_rotation;
GRANT UPDATE (ended_at) ON session TO hermetic_rotation;
GRANT DELETE ON session TO hermetic_rotation;
GRANT INSERT, DELETE ON rotation TO hermetic_rotation;
GRANT UPDATE (reason, hard_at, asked, asked_at) ON rotation
  TO hermetic_rotation;
GRANT DELETE ON presence, departure, session_member, invitation, group_info
  TO hermetic_rotation;
GRANT SELECT (session_id) ON invitation, group_info TO hermetic_rotation;
GRANT INSERT ON history_floor TO hermetic_rotation;
GRANT UPDATE (seq, head) ON history_floor TO hermetic_rotation;
GRANT DELETE ON history_floor TO hermetic_rotation;
GRANT SELECT (device_id, algorithm, last_resort, expires_at, key_package_id)
  ON key_package TO hermetic_rotation;
GRANT DELETE ON key_package TO hermetic_rotation;
GRANT SELECT (welcome_id, session_id, created_at) ON welcome
  TO hermetic_rotation;
GRANT DELETE ON welcome TO hermetic_rotation;
GRANT SELECT (token_hash, family_id, expires_at, used_at) ON refresh_token
  TO hermetic_rotation;
GRANT DELETE ON refresh_token TO hermetic_rotation;
GRANT SELECT (family_id, created_at, revoked_at) ON token_family
  TO hermetic_rotation;
GRANT DELETE ON token_family TO hermetic_rotation;
GRANT INSERT ON signing_key TO hermetic_rotation;
GRANT UPDATE (retired_at, wrapped_key, kek_id) ON signing_key
  TO hermetic_rotation;
GRANT DELETE ON signing_key TO hermetic_rotation;
GRANT INSERT, UPDATE ON worker_action TO hermetic_rotation;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hermetic FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hermetic TO hermetic_api;
GRANT EXECUTE ON FUNCTION make_due TO hermetic_rotation;

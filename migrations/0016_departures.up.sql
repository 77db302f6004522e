-- A departure is an entry of the log, kind 4, that the device itself or another
-- one of its user has signed (docs/adr/0008): members see it where they see all
-- else, and any of them may remove the leaf. That a device was revoked without one
-- is the server's word: it is served nothing more and members are asked for new
-- keys, but no message is refused for it.

SET LOCAL search_path = hermetic;

-- What is there has obeyed a stricter rule, which is called so since the table was
-- copied (0009).
ALTER TABLE message DROP CONSTRAINT message_kind_check1;
ALTER TABLE message ADD CONSTRAINT message_kind_check
  CHECK (kind IN (1, 2, 3, 4)) NOT VALID;

-- Where the departure stands in the log; NULL: nowhere.
ALTER TABLE session_member ADD COLUMN departed_seq bigint;

ALTER TABLE rotation DROP CONSTRAINT rotation_reason_check;
ALTER TABLE rotation ADD CONSTRAINT rotation_reason_check CHECK
  (reason IN ('age', 'messages', 'departure', 'algorithm', 'revoked'));
UPDATE rotation SET reason = 'revoked', hard_at = 'infinity'
  WHERE reason = 'departure';

-- Members whose departure stands in the log: until they are removed nothing is
-- sent.
CREATE OR REPLACE VIEW departed_member AS
  SELECT session_id, device_id, leaf_index
  FROM session_member
  WHERE departed_at IS NOT NULL AND departed_seq IS NOT NULL;

-- How far a device that is out of a session may still read: up to the entry by
-- which it went, so that it sees in the log that it did.
CREATE TABLE member_end (
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  device_id  uuid NOT NULL REFERENCES device ON DELETE CASCADE,
  seq        bigint NOT NULL,
  PRIMARY KEY (session_id, device_id)
);

-- A device is out of one session (p_session), or of all of them (NULL): from now
-- on it is served nothing, and the keys are due. With p_seq, the departure's place
-- in the log, messages are refused until a commit has removed it.
--
-- It waits for a commit that is under way, as that does for it: the commit has not
-- seen who departs, and would take the rotation away.
CREATE FUNCTION depart(p_session uuid, p_device uuid,
                       p_seq bigint DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
  count integer := 0;
BEGIN
  PERFORM FROM session
    WHERE session_id IN (SELECT m.session_id FROM session_member m
                         WHERE m.device_id = p_device
                           AND (p_session IS NULL OR m.session_id = p_session))
    ORDER BY session_id FOR KEY SHARE;
  FOR gone IN
    UPDATE session_member
    SET departed_at = coalesce(departed_at, now()), departed_seq = p_seq
    WHERE device_id = p_device AND departed_seq IS NULL
      AND (departed_at IS NULL OR p_seq IS NOT NULL)
      AND (p_session IS NULL OR session_id = p_session)
    RETURNING *
  LOOP
    IF p_seq IS NOT NULL THEN
      PERFORM make_due(gone.session_id, 'departure', interval '0');
      INSERT INTO member_end AS e (session_id, device_id, seq)
        VALUES (gone.session_id, p_device, p_seq)
        ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
    ELSE
      INSERT INTO rotation (session_id, reason, hard_at)
        VALUES (gone.session_id, 'revoked', 'infinity')
        ON CONFLICT DO NOTHING;
    END IF;
    count := count + 1;
  END LOOP;
  RETURN count;
END $$;

-- For nodes from before, who know no departure in the log. It goes with a later
-- migration, as does the table `departure`.
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid, p_reason text,
                                  p_proof bytea)
RETURNS integer LANGUAGE sql SET search_path = hermetic AS $$
  SELECT depart(p_session, p_device, NULL::bigint)
$$;
DELETE FROM departure;

-- A departure that was checked in p_epoch: of p_leaf, signed by p_signer's leaf,
-- posted by p_device, which is one of the two. p_nonce is the start of its
-- SHA-256: the same bytes again give the first answer.
CREATE FUNCTION append_departure(
  p_session uuid, p_device uuid, p_epoch bigint, p_leaf bigint,
  p_signer bigint, p_nonce bytea, p_departure bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  s session%ROWTYPE;
  gone session_member%ROWTYPE;
  hash bytea := sha256(p_departure);
BEGIN
  SELECT * INTO s FROM session WHERE session_id = p_session FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'no-session';
    RETURN;
  END IF;
  SELECT m.seq, m.head INTO append_departure.seq, append_departure.head
    FROM message m
    WHERE m.session_id = p_session AND m.nonce = p_nonce
      AND m.envelope = p_departure AND m.sender = p_device;
  IF FOUND THEN
    outcome := 'duplicate';
    RETURN;
  END IF;
  IF s.ended_at IS NOT NULL THEN
    outcome := 'session-ended';
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM active_member m
                 WHERE m.session_id = p_session
                   AND m.device_id = p_device) THEN
    outcome := 'not-a-member';
    RETURN;
  END IF;
  IF p_epoch <> s.epoch THEN
    outcome := 'epoch-changed';
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

  seq := s.last_seq + 1;
  head := chain2_step(NULL, s.head, seq, 4::smallint, hash);
  INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                       head, sent_at, hash)
    VALUES (p_session, append_departure.seq, 4, p_epoch, p_device, p_nonce,
            p_departure, append_departure.head, now(), hash);
  UPDATE session SET last_seq = append_departure.seq,
                     head = append_departure.head
    WHERE session_id = p_session;
  PERFORM depart(p_session, gone.device_id, seq);
  outcome := 'ok';
END $$;

-- As in 0013; new: p_departures, how many members had departed when it was checked
-- (NULL: a node from before does not say).
DROP FUNCTION append_commit;
CREATE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  p_departures bigint DEFAULT NULL,
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
  -- what it was checked against has changed
  IF p_epoch <> s.epoch
     OR p_departures <> (SELECT count(*) FROM departed_member d
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
  INSERT INTO member_end AS e (session_id, device_id, seq)
    SELECT p_session, m.device_id, s.last_seq + 1 FROM session_member m
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

GRANT UPDATE (departed_seq) ON session_member TO hermetic_api;
GRANT SELECT, INSERT, UPDATE (seq) ON member_end TO hermetic_api;
REVOKE ALL ON FUNCTION depart(uuid, uuid, bigint), append_departure,
  append_commit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION depart(uuid, uuid, bigint), append_departure,
  append_commit TO hermetic_api;

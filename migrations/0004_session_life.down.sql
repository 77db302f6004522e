SET LOCAL search_path = hermetic;

DROP FUNCTION append_commit;
DROP FUNCTION move_session;
DELETE FROM message WHERE kind = 3;
ALTER TABLE message DROP CONSTRAINT message_kind_check,
  ADD CONSTRAINT message_kind_check CHECK (kind IN (1, 2));
DROP FUNCTION depart;
DROP FUNCTION make_due;
CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT EXISTS (SELECT FROM session
                 WHERE session_id = p_session AND join_policy = 'open')
      OR EXISTS (SELECT FROM invitation
                 WHERE session_id = p_session AND user_id = p_user)
      OR EXISTS (SELECT FROM session_member m JOIN device USING (device_id)
                 WHERE m.session_id = p_session AND user_id = p_user)
$$;
CREATE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea,
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
  epoch := s.epoch;

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

  IF p_sender_leaf IS NULL THEN
    IF NOT may_join(p_session, p_user) THEN
      outcome := 'not-invited';
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM session_member m
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

  DELETE FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed);
  IF EXISTS (SELECT FROM session_member m
             WHERE m.session_id = p_session
               AND m.device_id = ANY (p_added)) THEN
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
                     head = append_commit.head
    WHERE session_id = p_session;
  UPDATE group_info g SET epoch = p_epoch + 1, group_info = p_group_info
    WHERE g.session_id = p_session;
  IF p_welcome IS NOT NULL THEN
    INSERT INTO welcome (session_id, device_id, seq, head, welcome)
      SELECT p_session, d, append_commit.seq, append_commit.head, p_welcome
      FROM unnest(p_added) d;
  END IF;
  epoch := p_epoch + 1;
  outcome := 'ok';
END $$;

DROP TABLE worker_action, history_floor, departure, presence, rotation;
DROP VIEW active_member;
DROP INDEX token_family_revoked, refresh_token_expiry, key_package_expiry,
  welcome_age, message_of_old;
ALTER TABLE session_member DROP COLUMN departed_at;
ALTER TABLE session DROP COLUMN epoch_at, DROP COLUMN epoch_seq,
  DROP COLUMN ended_at;
ALTER TABLE signing_key DROP COLUMN kek_id,
  DROP COLUMN signs_at;

REVOKE ALL ON ALL TABLES IN SCHEMA hermetic FROM hermetic_rotation;
REVOKE USAGE ON SCHEMA hermetic FROM hermetic_rotation;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hermetic FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hermetic TO hermetic_api;

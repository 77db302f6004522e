-- A person blocks accounts: to these the person's name is as one that nobody has
-- (docs/protocol.md, "Blocks").

SET LOCAL search_path = hermetic;

-- The name stands here so that a look-up of it takes the same whether there is such an
-- account or not.
CREATE TABLE account_block (
  by_user uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  by_name text NOT NULL,
  blocked uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  PRIMARY KEY (by_user, blocked)
);
CREATE UNIQUE INDEX account_block_of ON account_block (blocked, by_name);

-- The name as the caller may see it: that of an account that has blocked the caller is as
-- a name that nobody has. Both take the same look-ups, here and where it is used.
CREATE OR REPLACE FUNCTION visible_name(p_name text, p_caller uuid)
RETURNS text LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM account_block
                           WHERE blocked = p_caller AND by_name = p_name)
         THEN '' ELSE p_name END
$$;

-- p_user blocks an account by its name, or its fingerprint. `no-such-user`; `own`: that
-- is p_user; `full`: p_user has blocked p_most already; otherwise `ok`, also where it was
-- blocked before. Of two at once one waits, so that it counts the other.
CREATE OR REPLACE FUNCTION block_account(p_user uuid, p_name text, p_fingerprint bytea,
                                         p_most bigint)
RETURNS text LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_own text;
  v_blocked uuid;
BEGIN
  SELECT username INTO v_own FROM account WHERE user_id = p_user FOR NO KEY UPDATE;
  SELECT a.user_id INTO v_blocked FROM account a
    WHERE a.erased_at IS NULL
      AND (a.username = visible_name(p_name, p_user)
           OR a.user_id = (SELECT l.user_id FROM account_log l
                           WHERE l.fingerprint = p_fingerprint));
  IF v_blocked IS NULL THEN
    RETURN 'no-such-user';
  ELSIF v_blocked = p_user THEN
    RETURN 'own';
  ELSIF EXISTS (SELECT FROM account_block
                WHERE blocked = v_blocked AND by_name = v_own) THEN
    RETURN 'ok';
  ELSIF (SELECT count(*) FROM account_block WHERE by_user = p_user) >= p_most THEN
    RETURN 'full';
  END IF;
  INSERT INTO account_block (blocked, by_name, by_user)
    VALUES (v_blocked, v_own, p_user);
  RETURN 'ok';
END $$;

-- A session with leaf 0 at epoch 0, its GroupInfo, its place in the sweep of history and
-- the invitations. Who has blocked the creator is no user.
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
    WHERE NOT EXISTS (SELECT FROM account a
                      WHERE a.username = visible_name(u, p_user)) LIMIT 1;
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
  INSERT INTO history_swept (session_id, seq, next_at)
    VALUES (p_session, 0, create_session.created_at);
  INSERT INTO session_member (session_id, device_id, leaf_index)
    VALUES (p_session, p_device, 0);
  INSERT INTO invitation (session_id, user_id, invited_by)
    SELECT p_session, a.user_id, p_user FROM account a
    WHERE a.username = ANY (p_invite)
    ON CONFLICT DO NOTHING;
  outcome := 'ok';
END $$;

GRANT SELECT, INSERT, DELETE ON account_block TO hermetic_api;
REVOKE ALL ON FUNCTION visible_name, block_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION visible_name, block_account TO hermetic_api;

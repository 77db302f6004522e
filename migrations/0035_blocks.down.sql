SET LOCAL search_path = hermetic;

-- A session with leaf 0 at epoch 0, its GroupInfo, its place in the sweep of history and
-- the invitations.
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

DROP FUNCTION block_account, visible_name;
DROP TABLE account_block;

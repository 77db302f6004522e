-- The next piece of what is of an account that is being erased: at most a thousand rows of each
-- kind. What others need goes over to the account of no name that takes its place. Returns how many
-- rows it touched of the kind of which there are most; fewer than a thousand: nothing refers to
-- the account any more, and its row can go.
--
-- Row by row, and by an index that is read no further, as in end_device_piece().
CREATE OR REPLACE FUNCTION end_account_piece(p_user uuid)
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  c_most CONSTANT integer := 1000;
  v_nobody uuid;
  v_row record;
  v_devices uuid[];
  v_counts bigint[] := '{0,0,0,0,0,0,0}';
BEGIN
  SELECT nobody INTO v_nobody FROM account_end WHERE user_id = p_user
    FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;

  v_devices := ARRAY(SELECT device_id FROM device WHERE user_id = p_user LIMIT c_most);
  FOR v_row IN SELECT u.id FROM unnest(v_devices) AS u(id) LOOP
    INSERT INTO device_end AS e (device_id, erased) VALUES (v_row.id, true)
      ON CONFLICT (device_id) DO UPDATE SET erased = true;
    UPDATE device SET user_id = v_nobody, name = 'erased', created_at = now()
      WHERE device_id = v_row.id;
    v_counts[1] := v_counts[1] + 1;
  END LOOP;
  -- a person with few devices leaves nothing for the worker to do
  IF cardinality(v_devices) <= 16 THEN
    PERFORM end_device_piece(u.id) FROM unnest(v_devices) AS u(id);
  END IF;

  FOR v_row IN SELECT session_id FROM invitation
               WHERE user_id = p_user LIMIT c_most LOOP
    DELETE FROM invitation_letter
      WHERE session_id = v_row.session_id AND user_id = p_user;
    DELETE FROM invitation WHERE session_id = v_row.session_id AND user_id = p_user;
    v_counts[2] := v_counts[2] + 1;
  END LOOP;
  FOR v_row IN SELECT session_id, user_id FROM invitation
               WHERE invited_by = p_user LIMIT c_most LOOP
    UPDATE invitation SET invited_by = v_nobody
      WHERE session_id = v_row.session_id AND user_id = v_row.user_id;
    v_counts[3] := v_counts[3] + 1;
  END LOOP;
  FOR v_row IN SELECT session_id, user_id, fingerprint FROM invitation_letter
               WHERE invited_by = p_user LIMIT c_most LOOP
    DELETE FROM invitation_letter
      WHERE session_id = v_row.session_id AND user_id = v_row.user_id
        AND fingerprint = v_row.fingerprint;
    v_counts[4] := v_counts[4] + 1;
  END LOOP;
  FOR v_row IN SELECT session_id FROM session WHERE creator = p_user LIMIT c_most LOOP
    UPDATE session SET creator = v_nobody WHERE session_id = v_row.session_id;
    v_counts[5] := v_counts[5] + 1;
  END LOOP;
  FOR v_row IN SELECT by_user FROM account_block WHERE blocked = p_user LIMIT c_most LOOP
    DELETE FROM account_block WHERE blocked = p_user AND by_user = v_row.by_user;
    v_counts[6] := v_counts[6] + 1;
  END LOOP;
  FOR v_row IN SELECT fingerprint FROM account_log WHERE user_id = p_user LIMIT c_most LOOP
    UPDATE account_log SET user_id = v_nobody, salt = decode(repeat('00', 32), 'hex'),
                           replaced_at = coalesce(replaced_at, now())
      WHERE fingerprint = v_row.fingerprint;
    v_counts[7] := v_counts[7] + 1;
  END LOOP;
  DELETE FROM allowance WHERE name IN (
    limit_name('sessions by ' || p_user), limit_name('invitations by ' || p_user),
    limit_name('claims of ' || p_user));
  RETURN (SELECT max(u.n) FROM unnest(v_counts) AS u(n));
END $$;

-- Does the next piece of the work that a device leaves when it ends, on at most a thousand rows
-- of each kind. It takes the device out of its sessions, in the order of their ids (depart() makes
-- the keys of each due, docs/adr/0018), and deletes its KeyPackages and Welcomes. When the account
-- is being erased, it also deletes the device's refresh tokens, and the names of the requests by
-- which its messages were sent. It returns the number of rows of the kind of which it has looked
-- at most; fewer than a thousand mean that nothing is left to do.
--
-- Each row is named by its whole key: that works wherever the row is (docs/adr/0091), and no plan
-- reads all rows of the device. The settings keep the planner on an index, which is read only as
-- far as the piece goes.
CREATE OR REPLACE FUNCTION end_device_piece(p_device uuid)
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  c_most CONSTANT integer := 1000;
  d device_end%ROWTYPE;
  v_row record;
  v_counts bigint[] := '{0,0,0,0}';
  v_looked bigint;
BEGIN
  SELECT * INTO d FROM device_end WHERE device_id = p_device FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  FOR v_row IN SELECT session_id FROM session_member
               WHERE device_id = p_device AND session_id > d.left_session
               ORDER BY session_id LIMIT c_most LOOP
    PERFORM depart(v_row.session_id, p_device);
    d.left_session := v_row.session_id;
    v_counts[1] := v_counts[1] + 1;
  END LOOP;
  FOR v_row IN SELECT key_package_id FROM key_package
               WHERE device_id = p_device LIMIT c_most LOOP
    DELETE FROM key_package WHERE key_package_id = v_row.key_package_id;
    v_counts[2] := v_counts[2] + 1;
  END LOOP;
  FOR v_row IN SELECT session_id, welcome_id FROM welcome
               WHERE device_id = p_device LIMIT c_most LOOP
    DELETE FROM welcome
      WHERE session_id = v_row.session_id AND welcome_id = v_row.welcome_id;
    v_counts[3] := v_counts[3] + 1;
  END LOOP;
  IF d.erased THEN
    FOR v_row IN SELECT r.token_hash FROM token_family f
                 CROSS JOIN LATERAL (SELECT o.token_hash FROM refresh_token o
                                     WHERE o.family_id = f.family_id LIMIT c_most) r
                 WHERE f.device_id = p_device LIMIT c_most LOOP
      DELETE FROM refresh_token WHERE token_hash = v_row.token_hash;
      v_counts[4] := v_counts[4] + 1;
    END LOOP;
    DELETE FROM presence WHERE device_id = p_device;
  END IF;
  v_looked := (SELECT max(u.n) FROM unnest(v_counts) AS u(n));
  -- When it is out of its sessions. Not in the transaction that ends it: what it was just sending
  -- is there afterwards, and nobody waits for an account while messages are read.
  IF d.erased AND v_looked < c_most AND d.since = now() THEN
    v_looked := c_most;
  ELSIF d.erased AND v_looked < c_most THEN
    SELECT n.looked, n.session_id, n.seq INTO v_looked, d.named_session, d.named_seq
      FROM forget_names(p_device, d.named_session, d.named_seq, c_most) n;
  END IF;
  IF v_looked < c_most THEN
    DELETE FROM device_end WHERE device_id = p_device;
  ELSE
    UPDATE device_end SET left_session = d.left_session,
                          named_session = d.named_session, named_seq = d.named_seq
      WHERE device_id = p_device;
  END IF;
  RETURN v_looked;
END $$;

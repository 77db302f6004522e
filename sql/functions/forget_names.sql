-- What the requests of a device's messages were called goes, behind the entry p_seq of
-- p_session, in the order of sessions and of their logs. `looked`: how many entries and
-- sessions it has looked at, p_most of them or a few more; fewer: it has come to the end.
-- `session_id` and `seq`: how far it has come.
CREATE OR REPLACE FUNCTION forget_names(
  p_device uuid, p_session uuid, p_seq bigint, p_most integer,
  OUT looked bigint, OUT session_id uuid, OUT seq bigint)
LANGUAGE plpgsql SET search_path = hermetic, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
  v_session uuid := p_session;
  v_seq bigint := p_seq;
  v_next uuid;
  v_found bigint;
  v_upto bigint;
  v_left bigint := p_most;
BEGIN
  WHILE v_left > 0 LOOP
    SELECT count(*), max(m.seq) INTO v_found, v_upto
      FROM (SELECT o.seq FROM message o
            WHERE o.session_id = v_session AND o.seq > v_seq
            ORDER BY o.seq LIMIT v_left) m;
    IF v_found > 0 THEN
      UPDATE message e SET origin = ''
        WHERE e.session_id = v_session AND e.seq > v_seq AND e.seq <= v_upto
          AND e.sender = p_device AND e.origin <> '';
      v_seq := v_upto;
      v_left := v_left - v_found;
      CONTINUE;
    END IF;
    SELECT m.session_id INTO v_next FROM session_member m
      WHERE m.device_id = p_device AND m.session_id > v_session
      ORDER BY m.session_id LIMIT 1;
    EXIT WHEN NOT FOUND;
    v_session := v_next;
    v_seq := 0;
    v_left := v_left - 1;
  END LOOP;
  looked := p_most - v_left;
  session_id := v_session;
  seq := v_seq;
END $$;

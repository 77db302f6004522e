-- A commit, where the session has room for whom it adds: p_members_max is how many members a
-- session may have. Behind it only whom p_invited names is invited, where that is not
-- NULL: fingerprints in hexadecimal; `uninvited` says of how many that was taken back. All
-- else is as for append_commit().
CREATE OR REPLACE FUNCTION take_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[], p_added_names text[],
  p_nonce bytea, p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  p_departures bigint, p_part bytea, p_members_max bigint, p_invited text[],
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint,
  OUT uninvited bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_come bigint := cardinality(p_added) + (p_sender_leaf IS NULL)::integer;
BEGIN
  IF v_come > 0
     AND (SELECT count(*) FROM session_member m WHERE m.session_id = p_session)
         + v_come - cardinality(p_removed) > p_members_max
     AND NOT EXISTS (SELECT FROM message m
                     WHERE m.session_id = p_session AND m.nonce = p_nonce) THEN
    outcome := 'quota-exceeded';
    epoch := p_epoch;
    RETURN;
  END IF;
  SELECT c.outcome, c.seq, c.head, c.epoch INTO outcome, seq, head, epoch
    FROM append_commit(p_session, p_user, p_device, p_epoch, p_sender_leaf, p_removed,
                       p_added, p_added_names, p_nonce, p_commit, p_group_info,
                       p_welcome, p_path, p_departures, p_part) c;
  IF outcome = 'ok' AND p_invited IS NOT NULL THEN
    uninvited := uninvite(p_session, p_invited);
  END IF;
END $$;

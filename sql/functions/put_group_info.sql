-- A whole GroupInfo takes the place of the one that is kept, and of the commits since
-- (docs/adr/0044): that of p_epoch, behind the entry of p_seq and p_head.
CREATE OR REPLACE FUNCTION put_group_info(
  p_session uuid, p_epoch bigint, p_seq bigint, p_head bytea, p_group_info bytea)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE hermetic.group_info
    SET epoch = p_epoch, group_info = p_group_info, seq = p_seq, head = p_head,
        part = NULL, since = '{}', since_bytes = 0, last_head = NULL
    WHERE session_id = p_session;
END $$;

-- The devices of these numbers stand in their account's log: those that a link had ended are
-- devices again. Their tokens have ended for good, so they have to log in. One that an
-- operator has ended, or that went with its account, stays ended.
CREATE OR REPLACE FUNCTION devices_again(p_fingerprint bytea, p_standing bigint[])
RETURNS void LANGUAGE sql SET search_path = hermetic AS $$
  WITH again AS (
    UPDATE device d SET removed_at = NULL, removed_by_link = false
    WHERE fingerprint = p_fingerprint AND removed_by_link
      AND link_number = ANY (p_standing)
      AND NOT EXISTS (SELECT FROM account a
                      WHERE a.user_id = d.user_id AND a.erased_at IS NOT NULL)
    RETURNING device_id
  ), stopped AS (
    DELETE FROM device_end e USING again WHERE e.device_id = again.device_id)
  UPDATE session_member m SET departed_at = NULL
    FROM again WHERE m.device_id = again.device_id AND m.departed_seq IS NULL
$$;

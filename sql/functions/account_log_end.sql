-- The last link of an account's log, which its newest branch has. No row: there is no such
-- log.
CREATE OR REPLACE FUNCTION account_log_end(p_fingerprint bytea)
RETURNS TABLE (number bigint, hash bytea)
LANGUAGE sql STABLE AS $$
  SELECT k.number, k.hash FROM hermetic.stored_link k
  WHERE k.fingerprint = p_fingerprint
  ORDER BY k.branch DESC, k.number DESC LIMIT 1
$$;

-- Who writes to an account's log waits here for who does so already, up to the end of
-- the transaction.
CREATE OR REPLACE FUNCTION lock_account_log(p_fingerprint bytea)
RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(hashtextextended(encode(p_fingerprint, 'hex'), 36))
$$;

-- The link of that number in the log that counts. No row: it has none.
CREATE OR REPLACE FUNCTION account_link_at(p_fingerprint bytea, p_number bigint)
RETURNS TABLE (hash bytea, link bytea)
LANGUAGE sql STABLE AS $$
  SELECT k.hash, k.link FROM hermetic.account_branches(p_fingerprint) b
  CROSS JOIN LATERAL (
    SELECT o.hash, o.link FROM hermetic.stored_link o
    WHERE o.fingerprint = p_fingerprint AND o.branch = b.branch
      AND o.number = p_number OFFSET 0) k
  WHERE b.first <= p_number AND (b.behind IS NULL OR p_number < b.behind)
$$;

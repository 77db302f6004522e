-- The links of the log that counts behind that of number p_after, the first p_most of them;
-- NULL: all.
CREATE OR REPLACE FUNCTION account_links_behind(p_fingerprint bytea, p_after bigint,
                                                p_most bigint)
RETURNS TABLE (number bigint, link bytea)
LANGUAGE sql STABLE AS $$
  SELECT k.number, k.link FROM hermetic.account_branches(p_fingerprint) b
  CROSS JOIN LATERAL (
    SELECT o.number, o.link FROM hermetic.stored_link o
    WHERE o.fingerprint = p_fingerprint AND o.branch = b.branch
      AND o.number > p_after AND (b.behind IS NULL OR o.number < b.behind)
    ORDER BY o.number LIMIT p_most) k
  WHERE b.behind IS NULL OR b.behind > greatest(b.first, p_after + 1)
  ORDER BY k.number LIMIT p_most
$$;

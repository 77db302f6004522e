-- The branches of an account's log up to p_newest, or all of them (docs/adr/0047): of each the
-- number of its first link, and `behind`, from which number on a later one has taken its
-- place; NULL: none has. It looks each branch up, however many links these have. A statement
-- that calls it in FROM is planned as if this text stood there.
CREATE OR REPLACE FUNCTION account_branches(p_fingerprint bytea,
                                            p_newest bigint DEFAULT NULL)
RETURNS TABLE (branch bigint, first bigint, behind bigint)
LANGUAGE sql STABLE AS $$
  SELECT c.branch, f.first,
         min(f.first) OVER (ORDER BY c.branch DESC
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  FROM generate_series(0, coalesce(p_newest, (
    SELECT max(k.branch) FROM hermetic.stored_link k
    WHERE k.fingerprint = p_fingerprint))) AS c(branch)
  CROSS JOIN LATERAL (
    SELECT min(k.number) AS first FROM hermetic.stored_link k
    WHERE k.fingerprint = p_fingerprint AND k.branch = c.branch) f
$$;
